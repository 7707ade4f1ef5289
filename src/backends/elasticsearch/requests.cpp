#include "backends/elasticsearch/requests.hpp"

#include "backends/elasticsearch/query_dsl.hpp"
#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <set>

namespace weir::elasticsearch {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~';
}

void append_order(std::string& out, const Json& fields) {
  Json ends = Json::object();
  for (const auto& one : large_numbers(fields))
    for (const auto& [name, value] :
         {std::pair<const char*, std::optional<std::int64_t>>{"min", one.smallest}, {"max", one.largest}}) {
      if (!value) continue;
      auto* at = &ends[name];
      for (const auto& key : one.keys) at = &(*at)[key];
      *at = *value;
    }
  if (ends.empty()) return;
  out += ",\"order\":";
  core::append_json(out, ends);
}

Json source_filter(const Mapping& mapping, const Query& query) {
  if (!query.select()) return true;
  // Whole members of `fields`; what is selected of them is cut out here, to the letter.
  std::set<std::string> wanted;
  for (const auto& path : *query.select()) wanted.insert((mapping.ours() ? "fields." : "") + path.keys().front());
  if (mapping.ours()) {
    wanted.insert("metadata");
    wanted.insert("verbatim");
  }
  if (wanted.empty()) return false;
  Json list = Json::array();
  for (const auto& one : wanted) list.push_back(one);
  return list;
}

}  // namespace

std::string encode_segment(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

std::string query_string(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += out.empty() ? '?' : '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string make_source(const Mapping& mapping, const Record& record, const CheckedFields& checked,
                        const std::string& key_field) {
  std::string out;
  if (!mapping.ours()) {
    if (!record.metadata.empty())
      throw Error(errc::unsupported, "this index holds bare documents, which have no place for metadata");
    if (key_field.empty()) {
      core::append_json(out, record.fields);
    } else {
      auto fields = record.fields;
      fields[key_field] = record.id;
      core::append_json(out, fields);
    }
    return out;
  }
  out += "{\"id\":";
  core::append_json_string(out, record.id);
  out += ",\"part\":" + std::to_string(part_of(record.id)) + ",\"fields\":";
  core::append_json(
      out, checked.hollow_objects ? without_hollow_objects(record.fields).value_or(Json::object()) : record.fields);
  if (checked.hollow_objects) {
    out += ",\"verbatim\":";
    core::append_json(out, record.fields);
  }
  if (!record.metadata.empty()) {
    out += ",\"metadata\":";
    core::append_json(out, record.metadata);
  }
  if (checked.large_numbers) append_order(out, record.fields);
  out += '}';
  return out;
}

Json search_body(const Mapping& mapping, const Query& query, Json sort, const Page& page) {
  Json body = Json::object();
  body["query"] = compile_filter(mapping, query.filter());
  if (!sort.is_null()) body["sort"] = std::move(sort);
  body["size"] = page.size;
  if (page.from != 0) body["from"] = page.from;
  body["track_total_hits"] = false;
  body["seq_no_primary_term"] = true;
  body["_source"] = page.sources ? source_filter(mapping, query) : Json(false);
  return body;
}

Json partition_query(std::size_t index, std::size_t count) {
  const auto begin = [&](std::size_t i) { return (i * parts + count - 1) / count; };
  Json range = Json::object();
  range["range"]["part"]["gte"] = begin(index);
  range["range"]["part"]["lt"] = begin(index + 1);
  if (index != 0) return range;
  Json exists = Json::object();
  exists["exists"]["field"] = "part";
  Json out = Json::object();
  out["bool"]["minimum_should_match"] = 1;
  auto& should = out["bool"]["should"];
  should = Json::array();
  should.push_back(std::move(range));
  Json without = Json::object();
  without["bool"]["must_not"] = Json::array();
  without["bool"]["must_not"].push_back(std::move(exists));
  should.push_back(std::move(without));
  return out;
}

Json both(Json first, Json second) {
  Json out = Json::object();
  auto& list = out["bool"]["filter"];
  list = Json::array();
  list.push_back(std::move(first));
  list.push_back(std::move(second));
  return out;
}

Json ids_query(const std::vector<std::string>& ids) {
  Json out = Json::object();
  out["ids"]["values"] = ids;
  return out;
}

}  // namespace weir::elasticsearch
