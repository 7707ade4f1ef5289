#pragma once

#include <stdexcept>

namespace weir::conformance {

/// Thrown by BackendUnderTest::fresh when the server of the store is not there: the test is skipped with this reason,
/// and fails where CI=true.
class MissingServer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by BackendUnderTest::fresh when the server of the store has a fault of its own that this test would meet: the
/// test is skipped with this reason, everywhere.
class UnfitServer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace weir::conformance
