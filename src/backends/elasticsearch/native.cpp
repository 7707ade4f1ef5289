#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/backend.hpp"

#include <utility>

namespace weir {

namespace es = elasticsearch;

namespace {

using Clock = std::chrono::steady_clock;

bool takes_lines(std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  return path.ends_with("/_bulk") || path.ends_with("/_msearch");
}

awaitable<http::Response> send(es::LinkPtr link, es::Call call) {
  if (!call.target.starts_with('/')) throw Error(errc::invalid_argument, "a target begins with a slash");
  call.lines = takes_lines(call.target);
  call.idempotent = call.method == "GET" || call.method == "HEAD";
  call.writes = !call.idempotent;
  auto response = co_await link->transport->send(std::move(call));
  co_return response;
}

awaitable<Json> ask_json(es::LinkPtr link, es::Call call) {
  const bool writes = call.method != "GET" && call.method != "HEAD";
  const auto response = co_await send(std::move(link), std::move(call));
  if (response.status < 200 || response.status >= 300) throw es::response_error(response, writes);
  if (response.body.empty()) co_return Json();
  co_return es::parse_answer(response.body.view());
}

awaitable<std::uint64_t> store(es::LinkPtr link, RecordStream records,
                               std::optional<std::chrono::milliseconds> timeout) {
  const auto most = link->settings.bulk_actions * link->settings.bulk_concurrency;
  std::uint64_t count = 0;
  for (bool more = true; more;) {
    std::vector<Record> batch;
    while (batch.size() < most) {
      auto record = co_await records.next();
      if (!record) {
        more = false;
        break;
      }
      batch.push_back(std::move(*record));
    }
    if (batch.empty()) break;
    CallContext context;
    if (const auto time = timeout.value_or(link->settings.timeout); time.count() > 0)
      context.deadline = Clock::now() + time;
    const auto result = co_await es::write_many(link, context, WriteKind::upsert, std::move(batch), BatchOptions{});
    count += result.succeeded();
  }
  co_return count;
}

awaitable<ElasticsearchProduct> ask_product(es::LinkPtr link, es::TimePoint deadline) {
  const auto known = co_await es::open_index(std::move(link), deadline);
  ElasticsearchProduct out;
  out.name = known.product.name;
  out.version = known.product.version;
  co_return out;
}

}  // namespace

ElasticsearchDatabase::ElasticsearchDatabase(std::shared_ptr<es::Link> link) : link_(std::move(link)) {}

ElasticsearchDatabase ElasticsearchDatabase::with_timeout(std::chrono::milliseconds timeout) const {
  auto out = *this;
  out.timeout_ = timeout;
  return out;
}

es::TimePoint ElasticsearchDatabase::deadline() const {
  const auto time = timeout_.value_or(link_->settings.timeout);
  return time.count() > 0 ? Clock::now() + time : es::TimePoint::max();
}

awaitable<http::Response> ElasticsearchDatabase::request(std::string method, std::string target,
                                                         std::string body) const {
  es::Call call(std::move(method), std::move(target));
  call.body = std::move(body);
  call.deadline = deadline();
  return send(link_, std::move(call));
}

awaitable<Json> ElasticsearchDatabase::json(std::string method, std::string target, Json body) const {
  es::Call call(std::move(method), std::move(target));
  if (!body.is_null()) call.body = body.dump();
  call.deadline = deadline();
  return ask_json(link_, std::move(call));
}

awaitable<Json> ElasticsearchDatabase::search(Json body) const {
  es::Call call("POST", link_->index_target + "/_search");
  call.body = body.dump();
  call.deadline = deadline();
  return ask_json(link_, std::move(call));
}

awaitable<std::uint64_t> ElasticsearchDatabase::bulk(RecordStream records) const {
  return store(link_, std::move(records), timeout_);
}

awaitable<void> ElasticsearchDatabase::refresh() const { return es::refresh_index(link_, deadline()); }
awaitable<ElasticsearchProduct> ElasticsearchDatabase::product() const { return ask_product(link_, deadline()); }

}  // namespace weir
