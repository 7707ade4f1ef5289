#pragma once

#include <weir/backend.hpp>

#include <string>

namespace weir::detail {

/// The factory of that name; `unsupported` names the component to link, or the known backends.
BackendFactory find_backend(const std::string& name);

}  // namespace weir::detail
