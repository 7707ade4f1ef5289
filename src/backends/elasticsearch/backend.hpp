#pragma once

#include "backends/elasticsearch/link.hpp"

#include <weir/backend.hpp>
#include <weir/elasticsearch.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::elasticsearch {

class ElasticsearchBackend final : public Backend {
 public:
  explicit ElasticsearchBackend(Settings settings);

  Capabilities capabilities() const override;
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> exists(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<Health> ping(CallContext context) override;
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
  PoolStats stats(const boost::asio::any_io_executor& executor) const override;
  void* native(const std::type_info& type) noexcept override;
  std::string endpoint() const override;
  bool enforces_deadline() const override;

 private:
  const LinkPtr link_;
  ElasticsearchDatabase native_;
};

// The operations; each keeps the link alive.
awaitable<std::optional<Record>> read_one(LinkPtr link, CallContext context, std::string id);
awaitable<bool> exists_one(LinkPtr link, CallContext context, std::string id);
awaitable<bool> write_one(LinkPtr link, CallContext context, WriteKind kind, Record record, WriteOptions options);
awaitable<std::vector<Record>> search_all(LinkPtr link, CallContext context, Query query);
awaitable<std::uint64_t> count_all(LinkPtr link, CallContext context, Query query);
awaitable<std::vector<std::optional<Record>>> read_many(LinkPtr link, CallContext context,
                                                        std::vector<std::string> ids);
awaitable<BatchResult> write_many(LinkPtr link, CallContext context, WriteKind kind, std::vector<Record> records,
                                  BatchOptions options);
/// Removes what matches, or merges a patch into it. Each document only as it was seen; one that somebody else changed
/// meanwhile is looked at again.
awaitable<std::uint64_t> change_where(LinkPtr link, CallContext context, Query query, std::optional<Json> merge_patch);
awaitable<Json> explain_search(LinkPtr link, CallContext context, Query query);
awaitable<Health> ask_health(LinkPtr link, CallContext context);

/// `refresh` of a request.
std::string refresh_parameter(Refresh refresh);
/// What holds for a write: what it says, else what the option says, else `otherwise`.
Refresh refresh_of(const Link& link, Refresh asked, Refresh otherwise);
/// What was written so far can be searched from now on.
awaitable<void> refresh_index(LinkPtr link, TimePoint deadline);

}  // namespace weir::elasticsearch
