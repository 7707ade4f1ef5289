#pragma once

/// @file
/// The version of the headers. `weir::version()` is that of the linked library.

#include <weir/export.hpp>

#include <string_view>

#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0
#define WEIR_VERSION "0.1.0"

namespace weir {
WEIR_API std::string_view version() noexcept;
}
