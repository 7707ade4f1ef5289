#pragma once

#include "backends/elasticsearch/mapping.hpp"

#include <weir/query.hpp>

// Queries in the query DSL of Elasticsearch and OpenSearch. Pure.
namespace weir::elasticsearch {

/// A filter as a query without scores. Every operand becomes a JSON value. A comparison of another type than the
/// field's, or of a field that no document has, matches nothing. Throws `unsupported` for what the index cannot answer
/// exactly.
Json compile_filter(const Mapping& mapping, const Filter& filter);

/// The value of "sort": the keys of the query, records without a value last, ties by id. Keys that no document has are
/// left out.
/// @param id_may_be_sorted a foreign index allows sorting by `_id`
Json compile_sort(const Mapping& mapping, const Query& query, bool id_may_be_sorted);

}  // namespace weir::elasticsearch
