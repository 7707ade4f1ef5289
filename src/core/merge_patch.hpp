#pragma once

#include <weir/export.hpp>
#include <weir/record.hpp>

namespace weir::core {

// RFC 7396: null removes, an object merges, anything else replaces. The patch has to be an object (what it is applied
// to is one and stays one) that `validate_fields` took. Nulls of a patch are never stored.
WEIR_API void merge_patch(Json& target, const Json& patch);

}  // namespace weir::core
