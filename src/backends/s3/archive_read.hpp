#pragma once

#include "backends/s3/archive_manifest.hpp"
#include "backends/s3/digest.hpp"
#include "backends/s3/record_store.hpp"
#include "backends/s3/scan_plan.hpp"
#include "core/project.hpp"

#include <weir/record_stream.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::s3::detail {

/// Where an archive is.
struct ArchivePlace {
  ArchivePlace(Client through, std::string key_prefix) : client(std::move(through)), prefix(std::move(key_prefix)) {}
  Client client;
  std::string prefix;
};

/// None: there is no archive.
awaitable<std::optional<ArchiveManifest>> read_manifest(ArchivePlace place, CallLimits limits);

/// The records of one part, piece by piece. At the end it has been compared with what the manifest says of it:
/// `corrupt_data` when it is something else.
class PartReader {
 public:
  PartReader(ArchivePlace place, Packing packing, ArchivePart part);

  /// About `most_bytes` of text, at least one record; empty: the end.
  awaitable<std::vector<Record>> next(CallLimits limits, std::size_t most_records, std::size_t most_bytes);
  const ArchivePart& part() const noexcept { return part_; }

 private:
  awaitable<void> more_text(CallLimits limits);
  void check_end();
  Record parse_line(std::string_view line);
  [[noreturn]] void corrupt(const char* why) const;

  const ArchivePlace place_;
  const ArchivePart part_;
  Unpacker unpacker_;
  ObjectStream stream_;
  bool opened_ = false;
  bool input_ended_ = false;
  std::vector<char> in_;
  std::size_t in_begin_ = 0, in_end_ = 0;
  std::string text_;
  std::size_t text_begin_ = 0;
  Sha256 digest_;
  std::uint64_t bytes_ = 0, text_bytes_ = 0, records_ = 0;
  std::string last_id_;
  bool ended_ = false;
};

/// What a query finds in an archive. Parts that cannot hold a wanted id are not read. Without an order, and by
/// ascending id, memory is bounded; otherwise what matches is held.
class ArchiveSource final : public RecordSource {
 public:
  ArchiveSource(ArchivePlace place, CallContext context, Query query, StreamOptions options);

  awaitable<std::vector<Record>> next_batch() override;

 private:
  CallLimits limits();
  bool may_hold(const ArchivePart& part) const;
  awaitable<void> begin();
  /// Those of the archive that satisfy the filter; empty: the end.
  awaitable<std::vector<Record>> next_matching();
  awaitable<void> select_whole();

  const ArchivePlace place_;
  const CallContext context_;
  const Query query_;
  const StreamOptions options_;
  const ScanPlan plan_;
  const bool held_;  ///< the order is another one than the archive's
  std::optional<core::Projection> projection_;
  std::optional<ArchiveManifest> manifest_;
  std::size_t part_ = 0;
  std::unique_ptr<PartReader> reader_;
  std::size_t skipped_ = 0, given_ = 0;
  bool selected_ = false;
  std::deque<Record> result_;
};

}  // namespace weir::s3::detail
