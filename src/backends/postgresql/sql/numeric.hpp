#pragma once

// numeric's binary form, which is exact: base-10000 digits, the weight of the first, a sign, and how many decimal
// places to show. Pure. The layout is that of numeric_send (src/backend/utils/adt/numeric.c of PostgreSQL).

#include <optional>
#include <string>
#include <string_view>

namespace weir::postgres {

// "-12.340", "NaN", "Infinity"; empty when the bytes are none.
std::optional<std::string> numeric_text(std::string_view bytes);

}  // namespace weir::postgres
