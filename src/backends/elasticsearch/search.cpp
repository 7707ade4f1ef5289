// What is read of several records at once.
#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/backend.hpp"
#include "backends/elasticsearch/pages.hpp"
#include "backends/elasticsearch/query_dsl.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "core/json_text.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace weir::elasticsearch {
namespace {

// A search without a limit that finds this many goes on with a cursor.
constexpr std::size_t first_answer = 2'000;
constexpr std::size_t documents_in_a_request = 1'000;

Call search_call(const Link& link, const std::string& api, const Json& body, TimePoint deadline) {
  Call call("POST", link.index_target + api);
  core::append_json(call.body, body);
  call.idempotent = true;
  call.writes = false;
  call.deadline = deadline;
  return call;
}

awaitable<std::vector<Record>> search_deep(LinkPtr link, CallContext context, Query query) {
  CursorOptions options;
  options.by_id = true;
  options.one_deadline = true;
  options.prefetch_bytes = std::size_t{16} << 20U;
  StreamSource source(link, std::move(context), std::move(query), options);
  std::vector<Record> out;
  for (;;) {
    auto page = co_await source.next_batch();
    if (page.empty()) break;
    std::move(page.begin(), page.end(), std::back_inserter(out));
  }
  co_return out;
}

}  // namespace

awaitable<std::vector<Record>> search_all(LinkPtr link, CallContext context, Query query) {
  const auto known = co_await open_index_for(link, query, context.deadline);
  if (query.limit() == std::size_t{0}) {
    (void)compile_filter(*known.mapping, query.filter());  // what cannot be asked is refused all the same
    co_return std::vector<Record>();
  }
  const auto wanted = query.limit().value_or(first_answer);
  if (query.offset() < result_window && wanted <= result_window - query.offset()) {
    Page page;
    page.size = wanted;
    page.from = query.offset();
    auto sort = compile_sort(*known.mapping, query, known.product.sorts_by_id);
    const auto body = search_body(*known.mapping, query, std::move(sort), page);
    auto call = search_call(*link, "/_search?allow_partial_search_results=false", body, context.deadline);
    try {
      const auto response = co_await ask(link, std::move(call));
      auto hits = read_hits(*known.mapping, response.body.view());
      if (query.limit() || hits.records.size() < first_answer) {
        if (query.select()) {
          const core::Projection projection(*query.select());
          for (auto& record : hits.records) projection.apply(record);
        }
        co_return std::move(hits.records);
      }
    } catch (const Error& error) {
      // More bytes than one answer may have: page by page it is possible.
      if (error.kind() != errc::too_large || wanted == 1) throw;
    }
  }
  co_return co_await search_deep(std::move(link), std::move(context), std::move(query));
}

awaitable<std::uint64_t> count_all(LinkPtr link, CallContext context, Query query) {
  const auto known = co_await open_index_for(link, query, context.deadline);
  Json body = Json::object();
  body["query"] = compile_filter(*known.mapping, query.filter());
  auto call = search_call(*link, "/_count", body, context.deadline);
  const auto response = co_await ask(link, std::move(call));
  const auto answer = parse_answer(response.body.view());
  if (const auto shards = answer.find("_shards"); shards != answer.end() && shards->value("failed", 0) != 0)
    throw Error(errc::unavailable, "some shards of the index did not answer");
  const auto count = answer.find("count");
  if (count == answer.end() || !count->is_number_integer())
    throw Error(errc::protocol_error, "the answer to _count has no count");
  co_return count->get<std::uint64_t>();
}

awaitable<std::vector<std::optional<Record>>> read_many(LinkPtr link, CallContext context,
                                                        std::vector<std::string> ids) {
  const auto known = co_await open_index(link, context.deadline);
  std::vector<std::optional<Record>> out;
  out.reserve(ids.size());
  std::size_t chunk = documents_in_a_request;
  for (std::size_t begin = 0; begin < ids.size();) {
    const auto end = std::min(ids.size(), begin + chunk);
    Json body = Json::object();
    body["ids"] = Json::array();
    for (auto i = begin; i < end; ++i) body["ids"].push_back(ids[i]);
    auto call = search_call(*link, "/_mget", body, context.deadline);
    try {
      const auto response = co_await ask(link, std::move(call));
      auto answer = parse_answer(response.body.view());
      const auto documents = answer.find("docs");
      if (documents == answer.end() || !documents->is_array() || documents->size() != end - begin)
        throw Error(errc::protocol_error, "the answer to _mget does not fit the question");
      for (auto& document : *documents) {
        if (document.is_object() && document.contains("error"))
          throw Error(errc::unavailable, "the index could not be read");
        out.push_back(read_document(*known.mapping, document));
      }
      begin = end;
    } catch (const Error& error) {
      if (error.kind() != errc::too_large || chunk == 1) throw;
      chunk = std::max<std::size_t>(1, chunk / 4);
    }
  }
  co_return out;
}

awaitable<Json> explain_search(LinkPtr link, CallContext context, Query query) {
  const auto known = co_await open_index_for(link, query, context.deadline);
  Page page;
  page.size = query.limit().value_or(first_answer);
  page.from = query.offset();
  const bool deep = page.from >= result_window || page.size > result_window - page.from;
  const auto sort = compile_sort(*known.mapping, query, known.product.sorts_by_id);
  Json plan = Json::object();
  plan["backend"] = "elasticsearch";
  plan["evaluated"] = "by the store";
  plan["product"] = known.product.name + " " + known.product.version;
  plan["target"] = link->index_target;
  plan["by"] = deep ? "pages of a snapshot" : "one request";
  plan["request"] = search_body(*known.mapping, query, sort, page);
  plan["filter"] = query.filter().to_json();
  plan["index"] = link->settings.index;
  co_return plan;
}

}  // namespace weir::elasticsearch
