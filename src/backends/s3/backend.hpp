#pragma once

#include "backends/s3/record_store.hpp"

#include <weir/backend.hpp>

#include <memory>
#include <string>

namespace weir::s3 {

/// Whether the store answers.
awaitable<Health> look(detail::StorePointer store, CallContext context);

/// One object per record.
class S3Backend final : public Backend {
 public:
  explicit S3Backend(detail::StorePointer store);

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
  awaitable<Json> explain(CallContext context, Query query) override;
  awaitable<void> close(std::chrono::milliseconds drain) override;
  PoolStats stats() const override;
  void* native(const std::type_info& type) noexcept override;
  std::string endpoint() const override;
  bool repeats_itself() const override { return true; }

 private:
  std::size_t concurrency() const;

  detail::StorePointer store_;
  S3Database native_;
};

}  // namespace weir::s3
