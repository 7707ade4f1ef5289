#pragma once

#include "backends/elasticsearch/mapping.hpp"

#include <weir/query.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What is sent, but for bulk requests. Pure.
namespace weir::elasticsearch {

/// One segment of a path, whatever it holds; `.` and `..` too.
std::string encode_segment(std::string_view text);
/// "?a=b&c=d"; pairs without a value are left out, nothing for none.
std::string query_string(const std::vector<std::pair<std::string_view, std::string>>& parameters);

/// The document that a record becomes, as one line of JSON: {"id", "part", "fields", "verbatim", "metadata",
/// "order"} in an index
/// of ours, the bare fields elsewhere. Throws `unsupported` for metadata where there is no place for them.
/// @param key_field of a foreign index: also holds the id
std::string make_source(const Mapping& mapping, const Record& record, const CheckedFields& checked,
                        const std::string& key_field);

/// What a search asks for, beside the query.
struct Page {
  std::size_t size = 0;
  std::size_t from = 0;
  bool sources = true;
};
/// The body of a `_search`: hits with their versions, without a total, and of the documents only what the query
/// selects.
/// @param sort what compile_sort gave; null: the order that the server likes best
Json search_body(const Mapping& mapping, const Query& query, Json sort, const Page& page);
/// Documents whose part lies in one of `count` ranges; those without one are in the first.
Json partition_query(std::size_t index, std::size_t count);
/// A query and another one.
Json both(Json first, Json second);
/// {"ids": {"values": […]}}
Json ids_query(const std::vector<std::string>& ids);

}  // namespace weir::elasticsearch
