#pragma once

#include "cli/formats/buffered_input.hpp"

#include <string_view>

namespace weir::cli {

/// Steps over a UTF-8 byte order mark at the beginning of an input, and refuses (`invalid_argument`) what is plainly no
/// UTF-8 text: UTF-16, gzip, zstd, zip, a SQLite database.
void begin_text(BufferedInput& input, std::string_view file);

}  // namespace weir::cli
