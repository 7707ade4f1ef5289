#pragma once

// A transaction: a session on the writer, or for a read-only one on a connection of its own, which sees one snapshot.

#include "backends/sqlite/backend.hpp"

#include <memory>

namespace weir::sqlite {

class SqliteBackendTransaction final : public BackendTransaction {
 public:
  SqliteBackendTransaction(std::shared_ptr<Link> link, std::shared_ptr<SessionHandle> session, bool read_only);

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
  const std::shared_ptr<Link> link_;
  const std::shared_ptr<SessionHandle> session_;
  const bool read_only_;
  SqliteTransaction native_;
};

awaitable<std::shared_ptr<BackendTransaction>> begin_transaction(std::shared_ptr<Link> link, CallContext context,
                                                                 TransactionOptions options);

// A job of the session, awaited.
template <class Body>
auto call_in(std::shared_ptr<SessionHandle> handle, JobKind kind, Clock::time_point deadline, Body body)
    -> awaitable<typename CallJob<Body>::Result> {
  auto job = make_job(kind, std::move(body));
  job->session = handle->session();
  job->deadline = deadline;
  co_await run(handle->session()->client, job);
  if constexpr (!std::is_void_v<typename CallJob<Body>::Result>) co_return std::move(*job->result);
}

// To be called on the session's connection before it writes: see Cursor::detach.
void detach_cursors(Session& session);

awaitable<void> close_client(std::shared_ptr<Client> client, std::chrono::milliseconds drain);

}  // namespace weir::sqlite
