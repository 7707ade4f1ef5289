#pragma once

// The differential test: a backend against the evaluator in memory, on random records and random queries.

#include <weir/database.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir::conformance {

/// Records and a query on which two sides differ.
struct Difference {
  Difference() = default;
  std::vector<Record> records;
  Query query;
  std::string what;
};

/// Tells how a database that holds `records` answers `query` wrongly; nothing when it is right. `pattern_limits`:
/// `unsupported` is no fault.
awaitable<std::optional<std::string>> difference(AsyncDatabase database, std::vector<Record> records, Query query,
                                                 bool pattern_limits = false);

/// Tells whether a data set and a query still show the fault.
using StillWrong = std::function<std::optional<std::string>(const std::vector<Record>&, const Query&)>;

/// The smallest records and query found that still show the fault; tries at most `tries` times.
Difference shrink(Difference difference, const StillWrong& still_wrong, std::size_t tries = 2000);

/// Seed, records and query, ready to be put into a test.
std::string describe(const Difference& difference, std::uint64_t seed);

}  // namespace weir::conformance
