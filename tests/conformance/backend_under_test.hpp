#pragma once

/// @file
/// How a backend says to the conformance suite what it is and how a fresh database of it is made.
/// docs/backend-author.md shows a complete use by a backend that is not part of weir.

#include <weir/record.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::conformance {

/// Where docs/query-language.md lets a store differ. A store that needs another licence does not pass.
struct Licences {
  Licences() = default;
  /// One JSON type per path: a record of another type is refused naming the path, and keys that are empty, blank or
  /// hold `.` or `*` are refused.
  bool one_type_per_path = false;
  /// The store looks at the condition of a write before it writes, and not in one step with it: of several writers at
  /// once more than one may be told that it won.
  bool racing_conditions = false;
  /// Some patterns are too complex for the store and fail with `unsupported`.
  bool pattern_limits = false;
};

/// One database for one test.
struct FreshDatabase {
  FreshDatabase() = default;
  FreshDatabase(std::string database_url, std::shared_ptr<void> until = {})
      : url(std::move(database_url)), keep(std::move(until)) {}
  std::string url;             ///< opens it
  std::shared_ptr<void> keep;  ///< its destruction removes the database; empty when nothing stays behind
};

/// A backend as the suite sees it.
struct BackendUnderTest {
  BackendUnderTest() = default;
  /// Letters, digits and `_`: part of the tests' names.
  std::string name;
  /// Makes a new empty database that nobody else uses and gives its URL. Called once for each test, also from several
  /// threads.
  std::function<FreshDatabase()> fresh;
  /// Makes the store of that URL answer nothing until the result is destroyed. Empty where that cannot be arranged;
  /// then no test shows that deadlines hold.
  std::function<std::shared_ptr<void>(const std::string& url)> stall;
  Licences licences;
  /// Whether opening the same URL again, while the first handle lives, shows the same records.
  bool same_url_same_records = false;
  /// Whether the records are there after all handles are gone.
  bool durable = false;
  /// The option that takes a list of paths to index, "" when there is none.
  std::string index_option;
  /// Operations are interrupted at every suspension point, or at every so many where each costs requests to a server.
  std::size_t interruption_step = 1;
  /// Whether a query costs a request for each record that it looks at: such a store is asked fewer of them.
  bool request_for_each_record = false;
  /// Queries of the differential test; a tenth of it under a sanitizer.
  std::size_t differential_queries = 10'000;
  /// Records in each data set of the differential test.
  std::size_t differential_records = 40;
};

/// Adds a backend to the suite. To be called before run_suite(), from main().
void register_backend_under_test(BackendUnderTest backend);
const std::vector<BackendUnderTest>& backends_under_test();

/// Runs every test on every registered backend; give its result back from main().
int run_suite(int argc, char** argv);

}  // namespace weir::conformance
