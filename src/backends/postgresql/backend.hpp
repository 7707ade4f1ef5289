#pragma once

#include "backends/postgresql/operations.hpp"

#include <weir/backend.hpp>
#include <weir/postgresql.hpp>

namespace weir::postgres {

class PostgresBackend final : public Backend {
 public:
  explicit PostgresBackend(const Config& config);

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
  std::string endpoint() const override;
  void* native(const std::type_info& type) noexcept override;
  bool enforces_deadline() const override { return true; }

 private:
  bool ready() const noexcept { return link_->ensured.load(std::memory_order_acquire); }
  // Runs the operation, when it is sure that the table is there.
  template <class R, class... P, class... A>
  awaitable<R> when_ready(const CallContext& context, awaitable<R> (*operation)(Call, P...), A&&... arguments) {
    Call call(conduit_, context);
    if (ready()) return operation(std::move(call), std::forward<A>(arguments)...);
    return make_ready<R, P...>(link_, std::move(call), operation, P(std::forward<A>(arguments))...);
  }
  template <class R, class... P>
  static awaitable<R> make_ready(LinkPtr link, Call call, awaitable<R> (*operation)(Call, P...), P... arguments) {
    co_await ensure_table(link, call.deadline);
    co_return co_await operation(std::move(call), std::move(arguments)...);
  }

  const LinkPtr link_;
  const ConduitPtr conduit_;
  PostgresDatabase native_;
};

}  // namespace weir::postgres
