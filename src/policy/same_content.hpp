#pragma once

#include <weir/record.hpp>

namespace weir::policy {

/// Whether a stored record is what was to be written: fields equal, numbers by value, and everything that is in the
/// metadata of `wanted`.
bool same_content(const Record& wanted, const Record& stored);

}  // namespace weir::policy
