#include "backends/elasticsearch/product.hpp"

#include "backends/elasticsearch/error.hpp"

#include <weir/record.hpp>

#include <charconv>

namespace weir::elasticsearch {
namespace {

std::string text_of(const Json& from, const char* name) {
  const auto found = from.find(name);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// "7.17.28": 7 and 17.
std::pair<unsigned, unsigned> numbers_of(std::string_view version) {
  unsigned major = 0, minor = 0;
  const auto* const end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return {major, 0};
  (void)std::from_chars(first.ptr + 1, end, minor);
  return {major, minor};
}

}  // namespace

Product read_product(int status, std::optional<std::string_view> header, std::string_view body) {
  if (status == 401 || status >= 500) throw error_of(status, read_error(Json::parse(body, nullptr, false)));
  Product out;
  out.name = header ? "elasticsearch" : "opensearch";
  const auto answer = status == 200 ? Json::parse(body, nullptr, false) : Json();
  const auto version = answer.is_object() ? answer.find("version") : answer.end();
  if (answer.is_object() && version != answer.end() && version->is_object()) {
    out.known = true;
    out.version = text_of(*version, "number");
    const auto distribution = text_of(*version, "distribution");
    out.name = distribution == "opensearch" ? "opensearch" : "elasticsearch";
  }
  out.opensearch = out.name == "opensearch";
  const auto [major, minor] = numbers_of(out.version);
  if (out.opensearch) {
    // 7.10.2 is what OpenSearch 1 says when it is told to pass for Elasticsearch.
    const bool has = out.version.empty() || major > 7 || (major < 7 && (major > 2 || (major == 2 && minor >= 4))) ||
                     (major == 7 && minor != 10);
    out.cursor = has ? CursorKind::opensearch_pit : CursorKind::scroll;
  } else {
    const bool has = out.version.empty() || major > 7 || (major == 7 && minor >= 12);
    out.cursor = has ? CursorKind::pit : CursorKind::scroll;
    out.sorts_by_id = !out.version.empty() && major < 8;
  }
  return out;
}

}  // namespace weir::elasticsearch
