#include "backends/elasticsearch/answers.hpp"

#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <utility>

namespace weir::elasticsearch {
namespace {

[[noreturn]] void refuse(const char* what) { throw Error(errc::protocol_error, std::string("the answer ") + what); }

std::string take_string(Json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_string()) return {};
  return std::move(found->get_ref<std::string&>());
}

Json take_object(Json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_object()) return Json::object();
  return std::move(*found);
}

}  // namespace

Json parse_answer(std::string_view text) {
  Json out;
  try {
    out = core::parse_stored_json(text);
  } catch (const Error&) {
    refuse("is no JSON");
  }
  if (!out.is_object()) refuse("is no JSON object");
  return out;
}

std::optional<SequenceNumber> read_sequence_number(const Json& document) {
  const auto number = document.find("_seq_no"), term = document.find("_primary_term");
  if (number == document.end() || term == document.end() || !number->is_number_integer() || !term->is_number_integer())
    return std::nullopt;
  return SequenceNumber{number->get<std::int64_t>(), term->get<std::int64_t>()};
}

std::optional<Record> read_document(const Mapping& mapping, Json& document) {
  if (!document.is_object()) refuse("holds a document that is no object");
  const auto found = document.find("found");
  if (found != document.end() && found->is_boolean() && !found->get<bool>()) return std::nullopt;
  Record out;
  out.id = take_string(document, "_id");
  if (out.id.empty()) refuse("holds a document without an id");
  if (const auto version = read_sequence_number(document)) out.version = to_version(*version);
  auto source = take_object(document, "_source");
  if (mapping.ours()) {
    out.fields = take_object(source, source.contains("verbatim") ? "verbatim" : "fields");
    out.metadata = take_object(source, "metadata");
  } else {
    out.fields = std::move(source);
  }
  return out;
}

Hits read_hits(const Mapping& mapping, Json& answer) {
  if (const auto late = answer.find("timed_out"); late != answer.end() && *late == true)
    throw Error(errc::timeout, "the search ran out of time on the server");
  if (const auto shards = answer.find("_shards"); shards != answer.end() && shards->is_object()) {
    const auto failed = shards->find("failed");
    if (failed != shards->end() && *failed != 0)
      throw Error(errc::unavailable, "some shards of the index did not answer");
  }
  const auto outer = answer.find("hits");
  if (outer == answer.end() || !outer->is_object()) refuse("to a search has no hits");
  const auto list = outer->find("hits");
  if (list == outer->end() || !list->is_array()) refuse("to a search has no list of hits");
  Hits out;
  out.records.reserve(list->size());
  for (auto& hit : *list) {
    auto record = read_document(mapping, hit);
    if (!record) refuse("to a search holds a hit that is not there");
    out.records.push_back(std::move(*record));
  }
  if (!list->empty())
    if (const auto sort = list->back().find("sort"); sort != list->back().end()) out.last_sort = std::move(*sort);
  out.cursor = take_string(answer, "pit_id");
  if (out.cursor.empty()) out.cursor = take_string(answer, "_scroll_id");
  return out;
}

}  // namespace weir::elasticsearch
