#pragma once

// Every operation of the public API as one coroutine each, for tests that interrupt them.

#include <weir/database.hpp>

#include <string>
#include <vector>

namespace weir::conformance {

/// An operation, and what must hold after it was interrupted.
struct InterruptedOperation {
  /// What it leaves behind: records with the field `tag` = tag.
  enum class Effect {
    none,    ///< nothing
    any,     ///< some of its records
    all,     ///< all of its records or none
    change,  ///< of the one record `tag`: changed or not
    removal  ///< of the records `tag`…: some are gone
  };
  const char* name;
  awaitable<void> (*prepare)(AsyncDatabase, std::string tag);  ///< null: nothing to prepare
  awaitable<void> (*run)(AsyncDatabase, std::string tag);
  Effect effect;
  std::size_t records;  ///< written (or removed) when it was not interrupted
  bool needs_transactions;
  bool needs_savepoints;
};

const std::vector<InterruptedOperation>& interrupted_operations();

}  // namespace weir::conformance
