#pragma once

#include "lint/source_text.hpp"

#include <set>
#include <string>
#include <vector>

namespace weir::lint {

/// What g++ 12.2 compiles in silence and then destroys twice inside an expression with co_await, or never resumes, and
/// lambda coroutines that outlive their closure. The forms were measured (docs/internals.md, "g++ 12"); clang is right
/// on all of them.
///
/// The reading is lexical: it knows brackets, blocks and lambdas, not types. What it cannot tell apart is refused; a
/// named local is always accepted.
std::vector<Finding> check_coroutine_rules(const SourceFile& file, const std::set<std::string>& aggregates);

/// The names of the structs in these files that look like aggregates with members.
std::set<std::string> find_aggregates(const std::vector<SourceFile>& files);

}  // namespace weir::lint
