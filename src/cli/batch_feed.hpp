#pragma once

#include "cli/formats/document_reader.hpp"
#include "cli/formats/record_form.hpp"
#include "cli/input.hpp"
#include "cli/record_ids.hpp"

#include <weir/awaitable.hpp>
#include <weir/detail/setting.hpp>
#include <weir/record.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::cli {

/// Records that are written in one go, and where they come from.
struct LoadedBatch {
  LoadedBatch() = default;
  std::uint64_t sequence = 0;  ///< from 0, without gaps
  std::vector<Record> records;
  std::vector<std::uint64_t> lines;  ///< of the records
  std::vector<std::string> texts;    ///< of the records, when asked for
  std::vector<Problem> problems;     ///< items that are no records
  Json position;                     ///< DocumentReader::position() behind it
  std::uint64_t offset = 0;          ///< the same in bytes
  bool stopped = false;              ///< the last problem ends the input
};

/// How batches are made.
class FeedOptions {
 public:
  FeedOptions() = default;
  WEIR_SETTING(FeedOptions, RecordForm, form, {})
  WEIR_SETTING(FeedOptions, std::size_t, chunk, 1000)
  WEIR_SETTING(FeedOptions, bool, stop_at_problem, true)
  WEIR_SETTING(FeedOptions, bool, keep_text, false)
};

/// Reads and parses on a thread of its own, a few batches ahead of the loop that writes them.
class BatchFeed {
 public:
  BatchFeed(boost::asio::any_io_executor executor, Input& input, ReaderOptions reader, FeedOptions options,
            RecordIds ids);
  BatchFeed(const BatchFeed&) = delete;
  BatchFeed& operator=(const BatchFeed&) = delete;
  ~BatchFeed();

  /// The next batch, or nothing at the end, after stop(), and after an error. Several coroutines of the loop may wait.
  awaitable<std::optional<LoadedBatch>> next();
  /// What ended the input before its end, once next() has given nothing.
  std::exception_ptr error() const;
  /// No more batches, also none of those that are ready. On the loop.
  void stop();

 private:
  void run(ReaderOptions reader);
  void read(DocumentReader& reader, LoadedBatch& batch);
  void take(LoadedBatch& batch, Document document);
  bool push(LoadedBatch batch);
  void finish(std::exception_ptr error);
  void wake();

  boost::asio::any_io_executor executor_;
  Input& input_;
  FeedOptions options_;
  RecordIds ids_;
  Json position_;                                     // behind the last whole batch; of the thread
  std::shared_ptr<boost::asio::steady_timer> ready_;  // touched on the loop only; wake-ups under way share it
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<LoadedBatch> batches_;
  std::exception_ptr error_;
  bool ended_ = false;
  bool stopped_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace weir::cli
