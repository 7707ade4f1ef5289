#pragma once

#include "backends/postgresql/link.hpp"

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

  const LinkPtr link_;
  const ConduitPtr conduit_;
  PostgresDatabase native_;
};

}  // namespace weir::postgres
