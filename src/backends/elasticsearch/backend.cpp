#include "backends/elasticsearch/backend.hpp"

#include "backends/elasticsearch/pages.hpp"
#include "backends/install_backend.hpp"

#include <utility>

namespace weir::elasticsearch {

ElasticsearchBackend::ElasticsearchBackend(Settings settings)
    : link_(std::make_shared<Link>(std::move(settings))), native_(link_) {}

Capabilities ElasticsearchBackend::capabilities() const {
  Capabilities out;
  out.full_text = true;
  out.conditional_write = true;
  out.server_side_filter = true;
  out.snapshot_stream = true;
  out.partitions = true;
  return out;
}

awaitable<std::optional<Record>> ElasticsearchBackend::read(CallContext context, std::string id) {
  return read_one(link_, std::move(context), std::move(id));
}
awaitable<bool> ElasticsearchBackend::exists(CallContext context, std::string id) {
  return exists_one(link_, std::move(context), std::move(id));
}
awaitable<bool> ElasticsearchBackend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  return write_one(link_, std::move(context), kind, std::move(record), std::move(options));
}
RecordStream ElasticsearchBackend::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(
      std::make_shared<StreamSource>(link_, std::move(context), std::move(query), cursor_options(options)));
}
awaitable<Health> ElasticsearchBackend::ping(CallContext context) { return ask_health(link_, std::move(context)); }
awaitable<std::vector<Record>> ElasticsearchBackend::search(CallContext context, Query query) {
  return search_all(link_, std::move(context), std::move(query));
}
awaitable<std::uint64_t> ElasticsearchBackend::count(CallContext context, Query query) {
  return count_all(link_, std::move(context), std::move(query));
}
awaitable<std::vector<std::optional<Record>>> ElasticsearchBackend::read_batch(CallContext context,
                                                                               std::vector<std::string> ids) {
  return read_many(link_, std::move(context), std::move(ids));
}
awaitable<BatchResult> ElasticsearchBackend::write_batch(CallContext context, WriteKind kind,
                                                         std::vector<Record> records, BatchOptions options) {
  if (kind == WriteKind::update || kind == WriteKind::patch)
    return Backend::write_batch(std::move(context), kind, std::move(records), std::move(options));
  return write_many(link_, std::move(context), kind, std::move(records), std::move(options));
}
awaitable<std::uint64_t> ElasticsearchBackend::remove_where(CallContext context, Query query) {
  return change_where(link_, std::move(context), std::move(query), std::nullopt);
}
awaitable<std::uint64_t> ElasticsearchBackend::patch_where(CallContext context, Query query, Json merge_patch) {
  return change_where(link_, std::move(context), std::move(query), std::move(merge_patch));
}
awaitable<Json> ElasticsearchBackend::explain(CallContext context, Query query) {
  return explain_search(link_, std::move(context), std::move(query));
}
awaitable<void> ElasticsearchBackend::close(std::chrono::milliseconds drain) { return link_->transport->close(drain); }
PoolStats ElasticsearchBackend::stats() const { return link_->transport->stats(); }
PoolStats ElasticsearchBackend::stats(const boost::asio::any_io_executor& executor) const {
  return link_->transport->stats(executor);
}
void* ElasticsearchBackend::native(const std::type_info& type) noexcept {
  return type == typeid(ElasticsearchDatabase) ? &native_ : nullptr;
}
std::string ElasticsearchBackend::endpoint() const { return link_->settings.endpoint; }
bool ElasticsearchBackend::enforces_deadline() const { return true; }

namespace {

awaitable<std::shared_ptr<Backend>> make_backend(Config config) {
  auto backend = std::make_shared<ElasticsearchBackend>(read_settings(config));
  if (config.get<bool>("connect_on_open")) {
    CallContext context;
    if (const auto timeout = config.get<std::chrono::milliseconds>("timeout"); timeout.count() > 0)
      context.deadline = std::chrono::steady_clock::now() + timeout;
    co_await backend->count(context, Query{}.limit(0));
  }
  co_return backend;
}

}  // namespace

void install() { detail::install_backend("elasticsearch", make_backend); }

}  // namespace weir::elasticsearch
