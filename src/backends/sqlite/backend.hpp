#pragma once

#include "backends/immediate_backend.hpp"
#include "backends/sqlite/inline_read.hpp"
#include "backends/sqlite/settings.hpp"

#include <weir/backend.hpp>
#include <weir/sqlite.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace weir::sqlite {

// A session in the hands of its user: given up when destroyed, on any thread, without waiting.
class SessionHandle {
 public:
  SessionHandle(std::shared_ptr<Client> client, bool write, std::string tag);
  SessionHandle(const SessionHandle&) = delete;
  SessionHandle& operator=(const SessionHandle&) = delete;
  ~SessionHandle() { session_->client->engine->abandon(session_); }
  const std::shared_ptr<Session>& session() const noexcept { return session_; }

 private:
  std::shared_ptr<Session> session_;
};

class SqliteBackend final : public Backend, public weir::detail::InlineReads {
 public:
  explicit SqliteBackend(Settings settings);

  Capabilities capabilities() const override;
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<Health> ping(CallContext context) override;
  awaitable<bool> exists(CallContext context, std::string id) override;
  awaitable<std::vector<Record>> search(CallContext context, Query query) override;
  awaitable<std::uint64_t> count(CallContext context, Query query) override;
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override;
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override;
  awaitable<std::uint64_t> remove_where(CallContext context, Query query) override;
  awaitable<std::uint64_t> patch_where(CallContext context, Query query, Json merge_patch) override;
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options) override;
  awaitable<Json> explain(CallContext context, Query query) override;
  awaitable<void> close(std::chrono::milliseconds drain) override;
  PoolStats stats() const override;
  PoolStats stats(const boost::asio::any_io_executor& executor) const override;
  void* native(const std::type_info& type) noexcept override;
  std::string endpoint() const override;
  bool enforces_deadline() const override;
  bool repeats_itself() const override { return true; }  // waits for locks itself; nothing else passes
  bool reads_inline() const override { return settings_.inline_reads; }
  bool try_read_now(const std::string& id, std::optional<Record>& found) override;

 private:
  const Settings settings_;
  const std::shared_ptr<struct Link> link_;
  SqliteDatabase native_;
};

// What outlives a close, and is shared with streams and the native handle: the way to the engine.
struct Link {
  explicit Link(Settings all);
  const Settings settings;
  const std::shared_ptr<const TableContext> table;

  // Throws Error pool_closed after close.
  std::shared_ptr<Client> client() const;
  std::shared_ptr<Client> take() noexcept;

  mutable std::mutex mutex;
  std::shared_ptr<Client> current;
  std::atomic<bool> ensured{false};
  LongReads long_reads;
};

// Gives the job its deadline and waits for it.
template <class Body>
auto call(std::shared_ptr<Link> link, JobKind kind, Clock::time_point deadline, Body body)
    -> awaitable<typename CallJob<Body>::Result> {
  auto job = make_job(kind, std::move(body));
  job->deadline = deadline;
  co_await run(link->client(), job);
  if constexpr (!std::is_void_v<typename CallJob<Body>::Result>) co_return std::move(*job->result);
}

// The table is there, or was made; once per database and process, whoever comes first.
awaitable<void> ensure(std::shared_ptr<Link> link, Clock::time_point deadline);

}  // namespace weir::sqlite
