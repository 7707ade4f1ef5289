#pragma once

/// @file
/// Many records in few objects: parts of compressed JSON lines in a bucket, and a manifest that says what they hold.
///
///     PREFIX/part-000001.ndjson.zst …   a record a line, {"id": …, "fields": {…}, "metadata": {…}}, in the order of
///     ids PREFIX/manifest.json              written last: without it there is no archive
///
/// Any tool reads the parts (`zstdcat`, `zcat`); weir reads the whole by `s3://BUCKET/PREFIX?layout=archive`.
/// docs/s3.md tells the format.

#include <weir/database.hpp>
#include <weir/query.hpp>
#include <weir/s3.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace weir::s3 {

/// What an archiving has done so far, or did.
struct ArchiveStats {
  std::uint64_t records = 0;     ///< in the archive
  std::uint64_t parts = 0;       ///< objects that hold them
  std::uint64_t bytes = 0;       ///< of these objects
  std::uint64_t text_bytes = 0;  ///< the same before compression
  std::uint64_t verified = 0;    ///< records that were read back
  std::uint64_t removed = 0;     ///< from the source
  std::uint64_t changed = 0;     ///< kept in the source, which holds them with another content by now
  std::uint64_t gone = 0;        ///< absent in the source by now
  bool existed = false;          ///< the archive was complete before; only the removal was done
  std::chrono::nanoseconds elapsed{0};
};

class ArchiveOptions {
 public:
  ArchiveOptions() = default;
  /// Bytes of a part's object at most; a single larger record has a part of its own.
  WEIR_SETTING(ArchiveOptions, std::uint64_t, part_size, std::uint64_t{64} << 20)
  /// "none", "gzip" or "zstd"
  WEIR_SETTING(ArchiveOptions, std::string, compression, "zstd")
  /// Removes from the source what the archive, read back, holds, each record only as long as it is what was archived.
  /// `unsupported` where the source cannot remove under a condition (Capabilities::conditional_write).
  WEIR_SETTING(ArchiveOptions, bool, remove_source, false)
  /// Removes the parts of an archive under this prefix that was never finished, before it begins. Only when nobody else
  /// is writing there.
  WEIR_SETTING(ArchiveOptions, bool, discard_unfinished, false)
  /// Removals in flight.
  WEIR_SETTING(ArchiveOptions, std::size_t, concurrency, 32)
  /// Called now and then, on the loop; must not block. To be filled in by a statement of its own, never inside a
  /// co_await expression.
  WEIR_SETTING(ArchiveOptions, std::function<void(const ArchiveStats&)>, progress, {})
};

/// Writes what the query finds, in the order of ids, to an archive under `prefix` ("2024/", or ""), reads everything
/// back, and only then writes the manifest. The query must have no order, page or selection of its own
/// (`invalid_argument`).
///
/// With a manifest there, of the same source and query, nothing is written, and the removal goes on where it stopped;
/// of another one, `already_exists`. Parts that are there without a manifest are taken when they hold the same, else
/// `already_exists`: parts are never written over.
///
/// Memory: the client's `memory_limit`. *Executor*: a strand of the caller's loop. *Cancellation* and failure: the
/// parts that were written are removed again, as long as there is no manifest. *Errors*: those of the two stores;
/// `corrupt_data` when what was read back is not what was written.
WEIR_API awaitable<ArchiveStats> archive(AsyncDatabase from, Query query, Client to, std::string prefix,
                                         ArchiveOptions options = {});

}  // namespace weir::s3
