#pragma once

#include "lint/source_text.hpp"

#include <vector>

namespace weir::lint {

/// Words that say a thing is not finished, and paths of one machine.
std::vector<Finding> check_words(const std::vector<SourceFile>& files);

/// Waiting for time to pass where an event should be waited for, in the library and in the tests.
std::vector<Finding> check_sleeping(const std::vector<SourceFile>& files);

/// Catching everything and doing nothing.
std::vector<Finding> check_swallowed_errors(const std::vector<SourceFile>& files);

/// Source files longer than `lines`.
std::vector<Finding> check_file_sizes(const std::vector<SourceFile>& files, std::size_t lines);

}  // namespace weir::lint
