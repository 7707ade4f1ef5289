#pragma once

#include "backends/s3/record_store.hpp"

#include <weir/backend.hpp>

#include <memory>
#include <string>

namespace weir::s3 {

/// The records of an archive; it is only read. A read or a query goes through the parts that can hold what is wanted.
class ArchiveBackend final : public Backend {
 public:
  explicit ArchiveBackend(detail::StorePointer store);

  Capabilities capabilities() const override { return {}; }
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<Health> ping(CallContext context) override;
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override;
  awaitable<Json> explain(CallContext context, Query query) override;
  awaitable<void> close(std::chrono::milliseconds drain) override;
  PoolStats stats() const override;
  void* native(const std::type_info& type) noexcept override;
  std::string endpoint() const override;
  bool repeats_itself() const override { return true; }

 private:
  detail::StorePointer store_;
  S3Database native_;
};

}  // namespace weir::s3
