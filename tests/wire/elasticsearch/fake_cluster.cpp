#include "wire/elasticsearch/fake_cluster.hpp"

#include "backends/elasticsearch/mapping.hpp"
#include "support/run.hpp"

#include <weir/elasticsearch.hpp>

#include <algorithm>
#include <sstream>

namespace weir::test {
namespace {

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Json object(const char* key, Json value) {
  Json out = Json::object();
  out[key] = std::move(value);
  return out;
}

std::string error_text(const char* type) { return object("error", object("type", type)).dump(); }

}  // namespace

const std::string FakeCluster::opensearch = R"({"version": {"distribution": "opensearch", "number": "2.19.4"}})";
const std::string FakeCluster::elasticsearch = R"({"version": {"number": "8.19.4"}})";
const std::string FakeCluster::ancient = R"({"version": {"number": "7.6.2"}})";

FakeCluster::FakeCluster(Otherwise otherwise, std::string product)
    : otherwise_(std::move(otherwise)),
      product_(std::move(product)),
      server_(std::make_unique<ScriptedServer>([this](Peer& peer) { serve(peer); })) {}

std::string FakeCluster::url(const std::string& options) const {
  return "elasticsearch+http://" + address() + "/people?proxy=off" + (options.empty() ? "" : "&" + options);
}

void FakeCluster::serve(Peer& peer) {
  while (const auto request = peer.read_request()) {
    if (!request->complete) return;
    Answer out;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request->method() + " " + request->target());
      const auto other = otherwise_ ? otherwise_(*this, *request) : std::nullopt;
      out = other ? *other : answer(*request);
    }
    if (out.close_instead) return peer.close();
    if (!peer.answer(out.status, out.body, out.fields)) return;
  }
}

FakeCluster::Answer FakeCluster::answer(const Received& request) {
  const auto target = request.target();
  const auto path = target.substr(0, target.find('?'));
  const auto method = request.method();
  if (path == "/") return {200, product_};
  if (path == "/people" && method == "PUT") return {200, R"({"acknowledged": true})"};
  if (path == "/people/_mapping") {
    if (method == "PUT") return {200, R"({"acknowledged": true})"};
    return {200,
            object("people", object("mappings", elasticsearch::Mapping::create_index_body().at("mappings"))).dump()};
  }
  if (path == "/people/_refresh") return {200, "{}"};
  if (path == "/people/_bulk") return bulk(request);
  if (path == "/people/_count") return {200, object("count", documents_.size()).dump()};
  if (path == "/people/_mget") {
    Json docs = Json::array();
    const auto asked = Json::parse(request.body);
    for (const auto& id : asked.at("ids")) {
      const auto found = documents_.find(id.get<std::string>());
      Json one = found == documents_.end() ? object("found", false) : found->second;
      if (found != documents_.end()) one["found"] = true;
      one["_id"] = id;
      docs.push_back(std::move(one));
    }
    return {200, object("docs", std::move(docs)).dump()};
  }
  if (path == "/people/_search/point_in_time" || path == "/people/_pit") {
    ++cursors_;
    Json out = object("pit_id", "P1");
    out["id"] = "P1";
    return {200, out.dump()};
  }
  if (method == "DELETE" && (path == "/_search/point_in_time" || path == "/_pit" || path == "/_search/scroll")) {
    --cursors_;
    return {200, "{}"};
  }
  if (path == "/_search" || path == "/people/_search" || path == "/_search/scroll") return search(request);
  for (const std::string api : {"_doc", "_create"})
    if (path.starts_with("/people/" + api + "/"))
      return document(method, api, decoded(path.substr(9 + api.size())), request);
  return {400, error_text("illegal_argument_exception")};
}

FakeCluster::Answer FakeCluster::document(const std::string& method, const std::string& api, const std::string& id,
                                          const Received& request) {
  if (method == "GET") {
    const auto found = documents_.find(id);
    if (found == documents_.end()) return {404, R"({"found": false})"};
    Json out = found->second;
    out["_id"] = id;
    out["found"] = true;
    return {200, out.dump()};
  }
  const auto source = method == "PUT" ? std::optional<Json>(Json::parse(request.body)) : std::nullopt;
  const auto item = apply(method == "DELETE" ? "delete" : (api == "_create" ? "create" : "index"), id, source);
  return {item.at("status").get<int>(), item.dump()};
}

Json FakeCluster::apply(const std::string& action, const std::string& id, const std::optional<Json>& source) {
  Json item = object("_id", id);
  const bool there = documents_.contains(id);
  if (action == "create" && there) {
    item["status"] = 409;
    item["error"] = object("type", "version_conflict_engine_exception");
    return item;
  }
  if (action == "delete") {
    documents_.erase(id);
    item["status"] = there ? 200 : 404;
    item["result"] = there ? "deleted" : "not_found";
    return item;
  }
  Json document = object("_source", *source);
  document["_seq_no"] = ++sequence_;
  document["_primary_term"] = 1;
  documents_[id] = std::move(document);
  ++writes_[id];
  item["status"] = there ? 200 : 201;
  return item;
}

FakeCluster::Answer FakeCluster::bulk(const Received& request,
                                      const std::function<std::optional<Json>(const std::string& id)>& item) {
  std::istringstream lines(request.body);
  std::string line;
  Json items = Json::array();
  while (std::getline(lines, line)) {
    const auto head = Json::parse(line);
    const auto action = head.items().begin().key();
    const auto id = head.at(action).at("_id").get<std::string>();
    std::optional<Json> source;
    if (action != "delete" && std::getline(lines, line)) source = Json::parse(line);
    auto other = item ? item(id) : std::nullopt;
    items.push_back(object(action.c_str(), other ? std::move(*other) : apply(action, id, source)));
  }
  return {200, object("items", std::move(items)).dump()};
}

// All documents by id, as many as are asked for. With slices the last character of the id says which shard has it.
FakeCluster::Answer FakeCluster::search(const Received& request) {
  const auto body = Json::parse(request.body);
  const bool scrolls = body.contains("scroll_id");
  const bool scroll_begins = request.target().find("scroll=") != std::string::npos;
  if (scroll_begins) ++cursors_;
  std::string after = body.contains("search_after") ? body.at("search_after").back().get<std::string>() : std::string();
  const auto size = scrolls ? scrolls_["size"] : body.value("size", std::size_t{10});
  if (scroll_begins) scrolls_["size"] = size, scrolls_["at"] = 0;
  std::size_t skip = scrolls ? scrolls_["at"] : body.value("from", std::size_t{0});
  Json hits = Json::array();
  for (const auto& [id, document] : documents_) {
    if (hits.size() == size) break;
    if (!after.empty() && id <= after) continue;
    if (body.contains("slice") &&
        static_cast<unsigned char>(id.back()) % body.at("slice").at("max").get<std::size_t>() !=
            body.at("slice").at("id").get<std::size_t>())
      continue;
    if (skip > 0) {
      --skip;
      continue;
    }
    Json hit = document;
    hit["_id"] = id;
    if (body.contains("sort")) hit["sort"] = Json::array({id});  // as the real ones
    hits.push_back(std::move(hit));
  }
  if (scrolls || scroll_begins) scrolls_["at"] += hits.size();
  Json out = object("hits", object("hits", std::move(hits)));
  if (scrolls || scroll_begins) out["_scroll_id"] = "S1";
  return {200, out.dump()};
}

std::map<std::string, Json> FakeCluster::documents() const {
  const std::lock_guard lock(mutex_);
  return documents_;
}
std::map<std::string, int> FakeCluster::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}
std::vector<std::string> FakeCluster::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}
std::size_t FakeCluster::count_of(const std::string& beginning) const {
  const auto all = requests();
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const std::string& one) { return one.starts_with(beginning); }));
}
int FakeCluster::open_cursors() const {
  const std::lock_guard lock(mutex_);
  return cursors_;
}

AsyncDatabase opened(const std::string& url) {
  elasticsearch::install();
  return run(AsyncDatabase::open(url));
}

AsyncDatabase opened(const FakeCluster& cluster, const std::string& options) { return opened(cluster.url(options)); }

}  // namespace weir::test
