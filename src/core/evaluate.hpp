#pragma once

// A whole query over records in memory: the reference that every backend is held to.

#include <weir/export.hpp>
#include <weir/query.hpp>

#include <vector>

namespace weir::core {

// Filter, order, page, selection.
WEIR_API std::vector<Record> evaluate(std::vector<Record> records, const Query& query);
// The same over records that somebody else keeps: only those of the page are copied.
WEIR_API std::vector<Record> evaluate(const std::vector<const Record*>& records, const Query& query);

}  // namespace weir::core
