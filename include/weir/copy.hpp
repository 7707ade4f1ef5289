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
  /// Changes, renames or (nullopt) drops a record; one that it leaves without an id keeps the id it had. Runs on the
  /// loop, one call at a time, must not block.
  WEIR_SETTING(CopyOptions, std::function<std::optional<Record>(Record)>, transform, {})
  /// Takes records that the target refused, with the reason; without it the first refusal ends the copy. An outage is
  /// no refusal: when repeating does not help, the copy ends. After a kill the same record may come again.
  WEIR_SETTING(CopyOptions, std::function<void(const Record&, const Error&)>, rejects, {})
  /// Called after every chunk, on the loop; by a copy that goes on from a checkpoint also at first, with what was done.
  WEIR_SETTING(CopyOptions, std::function<void(const CopyProgress&)>, progress, {})
  /// A file that says how far the copy came, replaced atomically after each acknowledged chunk. When it is there and
  /// belongs to the same copy (source, query, target, partitions), the copy goes on from it, and its counts go on too;
  /// when it belongs to another, `invalid_argument`. It is removed at the end. The records are then read in the order
  /// of their ids, so the query must have no order, limit or offset of its own (`invalid_argument`); a source that
  /// breaks off is read on from where it was.
  WEIR_SETTING(CopyOptions, std::string, checkpoint, {})
  /// Reads source and target again afterwards, transforms once more and compares; `conflict` names the first record
  /// that is missing or differs. Rejected records are left out; with OnConflict::skip a record only has to be there.
  WEIR_SETTING(CopyOptions, bool, verify, false)
  /// Reads and transforms, writes nothing, and leaves the checkpoint alone.
  WEIR_SETTING(CopyOptions, bool, dry_run, false)
  /// How failed items, failed batches and a source that broke off are tried again; it takes the place of what the
  /// databases do by themselves.
  WEIR_SETTING(
      CopyOptions, RetryOptions, retry,
      RetryOptions{}.max_attempts(8).base(std::chrono::milliseconds{100}).max(std::chrono::milliseconds{10000}))
};

/// Copies what the query finds. Memory is bounded; failed items alone are tried again (transient errors); a copy
/// interrupted at any moment continues from its checkpoint without gaps, and without duplicates since ids are kept.
///
/// *Executor*: everything runs on a strand of the caller's loop; the functions in the options are never called side by
/// side. *Cancellation*: the partitions are cancelled and waited for; what was acknowledged is in the checkpoint.
/// *Errors*: the first one ends the copy; texts name the record.
WEIR_API awaitable<CopyStats> copy(AsyncDatabase from, Query query, AsyncDatabase to, CopyOptions options = {});

}  // namespace weir
