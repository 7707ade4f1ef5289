#pragma once

#include <optional>
#include <string>

/// Small files that are there as a whole or not at all. These functions block.
namespace weir::detail {

/// Nothing when there is no such file.
std::optional<std::string> read_small_file(const std::string& path);
/// Writes beside it, fsync, rename, fsync of the folder: after a crash at any moment the file has its former content or
/// the new one, and when the call has returned, the new one.
void replace_file(const std::string& path, const std::string& content);
/// Removes the file, and what an interrupted replace_file left; does nothing when there is none.
void remove_file(const std::string& path);

}  // namespace weir::detail
