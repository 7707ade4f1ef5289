#include "backends/s3/archive_backend.hpp"

#include "backends/s3/archive_read.hpp"
#include "backends/s3/backend.hpp"

#include <unordered_map>

namespace weir::s3 {
namespace {

using detail::ArchivePlace;
using detail::ArchiveSource;
using detail::StorePointer;

awaitable<std::vector<std::optional<Record>>> find_all(StorePointer store, CallContext context,
                                                       std::vector<std::string> ids) {
  std::vector<std::optional<Record>> out(ids.size());
  if (ids.empty()) co_return out;
  std::unordered_multimap<std::string, std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) places.emplace(ids[i], i);
  Query query(id().in(ids));
  ArchiveSource source(ArchivePlace(store->client, store->prefix), std::move(context), std::move(query),
                       StreamOptions());
  for (;;) {
    const auto batch = co_await source.next_batch();
    if (batch.empty()) break;
    for (const auto& record : batch) {
      const auto [from, to] = places.equal_range(record.id);
      for (auto at = from; at != to; ++at) out[at->second] = record;
    }
  }
  co_return out;
}

awaitable<std::optional<Record>> find_one(StorePointer store, CallContext context, std::string wanted) {
  std::vector<std::string> ids(1, std::move(wanted));
  auto found = co_await find_all(std::move(store), std::move(context), std::move(ids));
  co_return std::move(found.front());
}

awaitable<Json> archive_plan(StorePointer store, Query query) {
  const auto plan = plan_scan(query, false);
  const bool held = plan.sequence == ScanPlan::Sequence::by_fields || plan.descending;
  auto out = Json::object();
  out["query"] = query.to_json();
  out["evaluated"] = "on the client";
  out["index"] = nullptr;
  out["archive"] = store->prefix;
  out["requests"] = plan.ids || !plan.id_prefix.empty() ? "the manifest, and the parts that can hold these ids"
                                                        : "the manifest, and every part";
  out["order"] = held ? "all that matches is held and sorted" : "that of the archive";
  co_return out;
}

}  // namespace

ArchiveBackend::ArchiveBackend(StorePointer store) : store_(std::move(store)), native_(store_) {}

awaitable<std::optional<Record>> ArchiveBackend::read(CallContext context, std::string id) {
  return find_one(store_, std::move(context), std::move(id));
}
awaitable<std::vector<std::optional<Record>>> ArchiveBackend::read_batch(CallContext context,
                                                                         std::vector<std::string> ids) {
  return find_all(store_, std::move(context), std::move(ids));
}
awaitable<bool> ArchiveBackend::write(CallContext, WriteKind, Record, WriteOptions) {
  throw Error(errc::unsupported,
              "an archive is not written record by record: weir::s3::archive, or the command weir archive");
}
RecordStream ArchiveBackend::scan(CallContext context, Query query, StreamOptions options) {
  if (query.filter().node().full_text) throw Error(errc::unsupported, "the store has no full text index for match");
  return RecordStream(std::make_shared<ArchiveSource>(ArchivePlace(store_->client, store_->prefix), std::move(context),
                                                      std::move(query), std::move(options)));
}
awaitable<Health> ArchiveBackend::ping(CallContext context) { return look(store_, std::move(context)); }
awaitable<Json> ArchiveBackend::explain(CallContext, Query query) { return archive_plan(store_, std::move(query)); }
awaitable<void> ArchiveBackend::close(std::chrono::milliseconds drain) { return store_->client.close(drain); }

PoolStats ArchiveBackend::stats() const {
  auto stats = store_->client.stats();
  stats.retries += store_->client.client_stats().retries;
  return stats;
}
void* ArchiveBackend::native(const std::type_info& type) noexcept {
  return type == typeid(S3Database) ? static_cast<void*>(&native_) : nullptr;
}
std::string ArchiveBackend::endpoint() const { return store_->client.endpoint(); }

}  // namespace weir::s3
