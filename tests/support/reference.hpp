#pragma once

// A second, naive reading of the query rules (docs/query-language.md), written without looking at the library's own
// evaluator and without care for speed. The differential test holds both and every backend to one answer.

#include <weir/query.hpp>
#include <weir/record.hpp>

#include <vector>

namespace weir::test {

/// Whether the record satisfies the filter, read from the filter's JSON form.
bool satisfies(const Json& filter, const Record& record);

/// The records in the query's order, ties and all without an order by id.
std::vector<Record> in_order(std::vector<Record> records, const Query& query);

/// What is left of `fields` when only these paths are kept.
Json selected(const Json& fields, const std::vector<Path>& paths);

/// What `search` has to give: `Query::compare`, then order, offset, limit and select.
std::vector<Record> reference_search(const std::vector<Record>& records, const Query& query);

/// Equal as the data rules have it: numbers by their exact value (1 and 1.0, 0.0 and −0.0 are equal), all else as JSON.
bool same_value(const Json& a, const Json& b);

}  // namespace weir::test
