#pragma once

#include "cli/batch_feed.hpp"
#include "cli/import_checkpoint.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/rejects_file.hpp"

#include <weir/database.hpp>
#include <weir/results.hpp>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

/// Loads records from a file into a database: `import`, and `put` with the ids printed. Batches are parsed on a thread
/// of their own while the former ones are written, --partitions of them side by side. Lives on one loop.
class ImportJob {
 public:
  /// `ids`: where the ids of written records are printed, or null.
  ImportJob(Program& program, AsyncDatabase database, OnConflict on_conflict, Output* ids);
  ImportJob(const ImportJob&) = delete;
  ImportJob& operator=(const ImportJob&) = delete;
  ~ImportJob();
  awaitable<ExitCode> run();

 private:
  struct Reject {
    std::uint64_t line = 0;
    std::uint64_t column = 0;
    std::string reason;
    std::string text;
  };
  struct Outcome {  // of one batch
    Outcome() = default;
    std::uint64_t sequence = 0;
    Json position;
    std::uint64_t offset = 0;
    ImportCounts counts;
    std::vector<Reject> rejects;
    std::vector<std::string> ids;
    bool stops = false;
    std::exception_ptr failure;  // of the store; then not all of the batch was written
  };

  ReaderOptions reader_options() const;
  void begin(boost::asio::any_io_executor executor);
  awaitable<void> side_by_side(boost::asio::any_io_executor executor);
  awaitable<void> worker();
  awaitable<Outcome> write(LoadedBatch batch);
  awaitable<std::vector<std::size_t>> different(std::vector<const Record*> expected);
  void settle(Outcome outcome);
  void in_turn(Outcome outcome);
  void save_checkpoint();
  ExitCode finish();
  std::string summary() const;

  Program& program_;
  AsyncDatabase database_;
  OnConflict on_conflict_;
  Output* ids_;
  Input input_;
  ImportState state_;  // everything up to state_.position is settled
  std::optional<ImportCheckpoint> checkpoint_;
  std::optional<RejectsFile> rejects_;
  std::unique_ptr<BatchFeed> feed_;
  bool collects_;
  bool resumed_ = false;
  bool stopped_ = false;  // a bad record ended it
  std::exception_ptr failure_;
  ImportCounts beyond_;  // what was written behind state_.position: in batches that failed or finished out of turn
  std::uint64_t former_ = 0;
  std::uint64_t shown_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::map<std::uint64_t, Outcome> out_of_turn_;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point saved_;
};

}  // namespace weir::cli
