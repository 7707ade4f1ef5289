#pragma once

#include <weir/backend.hpp>
#include <weir/export.hpp>

#include <string>

namespace weir::detail {

/// What the install() of a backend of the library calls. One that the program registers under the same name takes its
/// place, whichever of the two came first.
WEIR_API void install_backend(std::string name, BackendFactory factory);

}  // namespace weir::detail
