#pragma once

/// @file
/// From one database to another: the batch job everybody writes.

#include <weir/awaitable.hpp>
#include <weir/database.hpp>
#include <weir/detail/setting.hpp>
#include <weir/export.hpp>
#include <weir/options.hpp>
#include <weir/query.hpp>
#include <weir/record.hpp>
#include <weir/results.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace weir {

/// Where a copy is. `total` is the number of matching records when the copy began.
class CopyProgress {
 public:
  CopyProgress() = default;
  WEIR_SETTING(CopyProgress, CopyStats, stats, {})
  WEIR_SETTING(CopyProgress, std::optional<std::uint64_t>, total, {})
};

/// Options of copy(). Those that hold a function are filled in a statement of their own, never inside a co_await
/// expression.
class CopyOptions {
 public:
  CopyOptions() = default;
  WEIR_SETTING(CopyOptions, OnConflict, on_conflict, OnConflict::upsert)
  WEIR_SETTING(CopyOptions, std::size_t, partitions, 1)  ///< read side by side
  WEIR_SETTING(CopyOptions, std::size_t, chunk, 1000)    ///< records in one write
  /// Changes, renames or (nullopt) drops a record. Runs on the loop, must not block.
  WEIR_SETTING(CopyOptions, std::function<std::optional<Record>(Record)>, transform, {})
  /// Takes records that the target refused, with the reason; without it the first refusal ends the copy.
  WEIR_SETTING(CopyOptions, std::function<void(const Record&, const Error&)>, rejects, {})
  /// Called after every chunk, on the loop.
  WEIR_SETTING(CopyOptions, std::function<void(const CopyProgress&)>, progress, {})
  /// A file that says how far the copy came, replaced atomically after each acknowledged chunk. When it is there and
  /// belongs to the same copy (source, query, target, partitions), the copy goes on from it; it is removed at the end.
  WEIR_SETTING(CopyOptions, std::string, checkpoint, {})
  /// Reads everything back afterwards and compares; `conflict` names the first record that differs.
  WEIR_SETTING(CopyOptions, bool, verify, false)
  /// Reads and transforms, writes nothing.
  WEIR_SETTING(CopyOptions, bool, dry_run, false)
};

/// Copies what the query finds. Memory is bounded; failed items alone are tried again (transient errors); a copy
/// interrupted at any moment continues from its checkpoint without gaps, and without duplicates since ids are kept.
/// Cancellation: what was acknowledged is in the checkpoint.
WEIR_API awaitable<CopyStats> copy(AsyncDatabase from, Query query, AsyncDatabase to, CopyOptions options = {});

}  // namespace weir
