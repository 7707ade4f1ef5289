#pragma once

// Order, offset and limit over records that stay where they are.

#include <weir/export.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>

#include <vector>

namespace weir::core {

// The query's page of these records, in its order. Keys are extracted once; with a limit only the page is sorted.
WEIR_API std::vector<const Record*> sort_page(const std::vector<const Record*>& records, const Query& query);

}  // namespace weir::core
