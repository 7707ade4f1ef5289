#include "backends/elasticsearch/answers.hpp"

#include "backends/elasticsearch/skim.hpp"
#include "core/json_scan.hpp"
#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <charconv>
#include <cstdint>
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

namespace {

Json read_value(std::string_view text) {
  try {
    return core::parse_stored_json(text);
  } catch (const Error&) {
    refuse("is no JSON");
  }
}

// What is no object is passed over, and is an empty one.
Json read_object(Skimmer& in) {
  if (in.peek() == '{') return in.json();
  in.value();
  return Json::object();
}

std::string read_string(std::string_view text) {
  std::string out;
  if (!text.starts_with('"')) return out;
  std::size_t at = 1;
  if (core::scan_string(text, at, '"', out) != core::ScanFault::none || at != text.size()) refuse("is no JSON");
  return out;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

struct Source {
  Json fields;
  Json metadata;
};

void read_source(Skimmer& in, bool ours, Source& out) {
  if (!ours) return void(out.fields = read_object(in));
  if (in.peek() != '{') return void(in.value());
  bool verbatim = false;
  in.object([&](std::string_view key) {
    if (key == "metadata") return void(out.metadata = read_object(in));
    if (key == "verbatim") verbatim = true;
    if (key == "verbatim" || (key == "fields" && !verbatim)) return void(out.fields = read_object(in));
    in.value();
  });
}

// One hit; `sort` is its place, as it is written.
Record read_hit(Skimmer& in, bool ours, std::string_view& sort) {
  if (in.peek() != '{') refuse("holds a document that is no object");
  std::string id;
  Source source;
  std::optional<std::int64_t> number, term;
  in.object([&](std::string_view key) {
    if (key == "_source") return read_source(in, ours, source);
    const auto value = in.value();
    if (key == "_id") id = read_string(value);
    if (key == "_seq_no") number = read_integer(value);
    if (key == "_primary_term") term = read_integer(value);
    if (key == "sort") sort = value;
    if (key == "found" && value == "false") refuse("to a search holds a hit that is not there");
  });
  if (id.empty()) refuse("holds a document without an id");
  Record out(source.fields.is_null() ? Json::object() : std::move(source.fields));
  if (!source.metadata.is_null()) out.metadata = std::move(source.metadata);
  out.id = std::move(id);
  if (number && term) out.version = to_version(SequenceNumber{*number, *term});
  return out;
}

}  // namespace

Hits read_hits(const Mapping& mapping, std::string_view answer) {
  Hits out;
  Skimmer in(answer);
  bool late = false, partial = false, has_list = false;
  std::string_view sort;
  const auto hits = [&](std::string_view key) {
    if (key != "hits") return void(in.value());
    if (in.peek() != '[') refuse("to a search has no list of hits");
    has_list = true;
    out.records.reserve(16);
    in.array([&] {
      sort = {};
      out.records.push_back(read_hit(in, mapping.ours(), sort));
    });
  };
  const auto shards = [&](std::string_view key) {
    const auto value = in.value();
    if (key == "failed" && value != "0") partial = true;
  };
  if (in.peek() != '{') refuse("is no JSON object");
  in.object([&](std::string_view key) {
    if (key == "hits" && in.peek() == '{') return in.object(hits);
    if (key == "_shards" && in.peek() == '{') return in.object(shards);
    const auto value = in.value();
    if (key == "timed_out" && value == "true") late = true;
    if (key == "pit_id" || (key == "_scroll_id" && out.cursor.empty())) out.cursor = read_string(value);
  });
  in.end();
  if (late) throw Error(errc::timeout, "the search ran out of time on the server");
  if (partial) throw Error(errc::unavailable, "some shards of the index did not answer");
  if (!has_list) refuse("to a search has no list of hits");
  if (!sort.empty()) out.last_sort = read_value(sort);
  return out;
}

}  // namespace weir::elasticsearch
