#pragma once

#include "api/copy_checkpoint.hpp"
#include "api/copy_thread.hpp"

#include <weir/copy.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::detail {

/// Records that were read together and are written together.
class CopyChunk {
 public:
  CopyChunk() = default;
  std::vector<Record> records;          ///< as the target gets them
  std::vector<std::string> source_ids;  ///< of each of them
  std::optional<std::string> last;      ///< the id of the last record read, dropped ones included
  std::uint64_t read = 0;
  std::uint64_t dropped = 0;
  std::size_t bytes = 0;  ///< about what the records take in memory
  bool empty() const { return read == 0; }
};

/// One copy under way. Everything in it is used on its strand only.
class CopyRun {
 public:
  CopyRun(AsyncDatabase source, Query copied, AsyncDatabase destination, CopyOptions settings,
          boost::asio::any_io_executor executor);

  const AsyncDatabase from;
  const Query query;
  const AsyncDatabase to;
  const CopyOptions options;
  const boost::asio::any_io_executor strand;
  /// Whether partitions are read in the order of the ids, so that a copy can go on behind any of them.
  const bool keyed;

  CopyCheckpoint checkpoint;
  bool resumed = false;
  std::uint64_t changes = 0;  ///< of the checkpoint
  std::uint64_t saved = 0;    ///< the change up to which it is in the file

  /// Only with a checkpoint file.
  std::unique_ptr<HelperThread> thread;

  bool has_file() const { return !options.checkpoint().empty() && !options.dry_run(); }
  /// Writes the checkpoint unless what it says is in the file already. Not cancellable.
  static awaitable<void> save(std::shared_ptr<CopyRun> run);
  /// A chunk is dealt with: position, counts, checkpoint, progress.
  static awaitable<void> acknowledge(std::shared_ptr<CopyRun> run, std::size_t partition,
                                     std::optional<std::string> last, CopyStats counts);
  void report() const;
};

/// Reads one partition chunk by chunk, transformed.
class CopyReader {
 public:
  CopyReader(std::shared_ptr<CopyRun> run, std::size_t partition, std::optional<std::string> after);
  /// Empty at the end.
  awaitable<CopyChunk> next();

 private:
  void open();
  void take(CopyChunk& chunk, Record record) const;

  std::shared_ptr<CopyRun> run_;
  std::size_t partition_;
  std::optional<std::string> after_;
  RecordStream stream_;
  std::vector<Record> batch_;
  std::size_t position_ = 0;
  bool ended_ = false;
};

/// Writes a chunk and acknowledges it.
awaitable<void> write_chunk(std::shared_ptr<CopyRun> run, std::size_t partition, CopyChunk chunk);
/// Reads source and target again and compares; `conflict` for the first difference.
awaitable<void> verify_partition(std::shared_ptr<CopyRun> run, std::size_t partition);

/// Sleeps before a call is made again; rethrows when it is not to be. `attempt` is the one that failed.
awaitable<void> pause_before_retry(std::shared_ptr<CopyRun> run, Error error, unsigned attempt);

}  // namespace weir::detail
