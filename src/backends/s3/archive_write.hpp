#pragma once

#include "backends/s3/archive_read.hpp"

#include <weir/s3_archive.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace weir::s3::detail {

/// One run of archive().
struct ArchiveRun {
  ArchiveRun(AsyncDatabase source, Query what, ArchivePlace where, ArchiveOptions how)
      : from(std::move(source)), query(std::move(what)), place(std::move(where)), options(std::move(how)) {}

  const AsyncDatabase from;
  const Query query;
  const ArchivePlace place;
  const ArchiveOptions options;
  ArchiveManifest manifest;
  ArchiveStats stats;
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::vector<std::string> written;  ///< keys of the parts that this run has put there

  std::string key(std::string_view name) const { return place.prefix + std::string(name); }
  void report() {
    stats.elapsed = std::chrono::steady_clock::now() - begun;
    if (options.progress()) options.progress()(stats);
  }
};
using ArchiveRunPointer = std::shared_ptr<ArchiveRun>;

/// All parts, from the source. They are noted in the manifest as they come.
awaitable<void> write_parts(ArchiveRunPointer run);
/// Reads everything back.
awaitable<void> verify_parts(ArchiveRunPointer run);
/// Removes from the source what the archive holds.
awaitable<void> remove_archived(ArchiveRunPointer run);

}  // namespace weir::s3::detail
