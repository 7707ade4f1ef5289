#pragma once

#include "cli/formats/json_text.hpp"

#include <weir/pool_stats.hpp>
#include <weir/results.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::cli {

Json to_json(const Health& health);
Json to_json(const PoolStats& stats);
/// "sqlite 3.40.1 at people.db answers in 0.2 ms", or why it does not.
std::string to_text(const Health& health);
/// Lines of "name  value", of what is worth showing.
std::string to_text(const PoolStats& stats);

}  // namespace weir::cli
