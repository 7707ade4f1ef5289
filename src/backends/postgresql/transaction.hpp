#pragma once

#include "backends/postgresql/operations.hpp"

#include <weir/backend.hpp>
#include <weir/postgresql.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::postgres {

// A connection inside a transaction. BEGIN travels with the first statement.
class TransactionConduit final : public Conduit {
 public:
  TransactionConduit(LinkPtr link, Lease<Connection> lease, std::string begin);

  awaitable<RequestPtr> ask(std::vector<Statement> statements, bool write, Sharing sharing,
                            Clock::time_point deadline) override;
  awaitable<RequestPtr> ask_foreign(std::vector<Statement> statements, Sharing sharing,
                                    Clock::time_point deadline) override;
  awaitable<void> copy_in(std::string sql, CopySource source, Clock::time_point deadline) override;
  bool in_transaction() const noexcept override { return true; }
  Link& link() const noexcept override { return *link_; }

  awaitable<RequestPtr> ask_commit(Clock::time_point deadline);
  // COMMIT travels with the last statements. When it was answered, the transaction has ended.
  awaitable<RequestPtr> ask_and_commit(std::vector<Statement> statements, Clock::time_point deadline);

  const LinkPtr& shared_link() const noexcept { return link_; }
  bool begun() const noexcept { return begin_.empty(); }
  // Sent without waiting for the answer.
  RequestPtr post(std::vector<Statement> statements);
  awaitable<void> wait(RequestPtr request, Clock::time_point deadline);
  // The last statements, without waiting; with `release` the connection is free for others when they were answered.
  void finish(std::vector<Statement> statements, bool release);
  // The connection is free for others; what is open is rolled back.
  void end() noexcept;
  bool ended() const noexcept { return !lease_; }
  // On the server.
  bool open() const noexcept { return lease_ && (*lease_)->session->in_transaction(); }
  unsigned next_cursor() noexcept { return ++cursors_; }
  // With the next statement, unless it may be gone by then: to close what is not there would fail the transaction.
  // `forgotten` is what the transaction said when it was opened. Any thread.
  void close_later(std::string cursor, unsigned forgotten);
  // Which cursors a ROLLBACK TO takes along is not kept account of: those opened before one may be gone behind it.
  void forget_cursors() noexcept { ++forgotten_; }
  unsigned forgotten() const noexcept { return forgotten_; }

 private:
  RequestPtr make(std::vector<Statement> statements);
  awaitable<RequestPtr> send(RequestPtr request, Clock::time_point deadline);
  awaitable<RequestPtr> send_commit(RequestPtr request, Clock::time_point deadline);
  void take_fatal(const Request& request);
  void close_unused();

  const LinkPtr link_;
  std::optional<Lease<Connection>> lease_;
  std::string begin_;  // empty once it was sent
  unsigned cursors_ = 0;
  unsigned forgotten_ = 0;
  std::mutex mutex_;  // of what follows
  std::vector<std::pair<std::string, unsigned>> unused_;
};

// "BEGIN ISOLATION LEVEL … READ ONLY …"
std::string begin_statement(const TransactionOptions& options);

awaitable<std::shared_ptr<TransactionConduit>> open_transaction(LinkPtr link, std::string begin,
                                                                Clock::time_point deadline, std::string operation);
// Throws when the server had to roll back instead.
awaitable<void> commit(std::shared_ptr<TransactionConduit> conduit, Clock::time_point deadline);

class PostgresBackendTransaction final : public BackendTransaction {
 public:
  PostgresBackendTransaction(std::shared_ptr<TransactionConduit> conduit, bool read_only)
      : conduit_(std::move(conduit)), read_only_(read_only), native_(conduit_, conduit_->link().settings.timeout) {}

  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<std::vector<Record>> search(CallContext context, Query query) override;
  awaitable<std::uint64_t> count(CallContext context, Query query) override;
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override;
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override;
  awaitable<void> commit(CallContext context) override;
  awaitable<void> rollback(CallContext context) override;
  awaitable<void> savepoint(CallContext context, unsigned depth) override;
  awaitable<void> release_savepoint(CallContext context, unsigned depth) override;
  awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth) override;
  void* native(const std::type_info& type) noexcept override;

 private:
  const std::shared_ptr<TransactionConduit> conduit_;
  const bool read_only_;
  PostgresTransaction native_;
};

}  // namespace weir::postgres
