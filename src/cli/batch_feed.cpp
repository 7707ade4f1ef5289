#include "cli/batch_feed.hpp"

#include "cli/failure.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t batches_ahead = 3;
// A batch of long records is cut short, so that memory does not depend on --chunk.
constexpr std::uint64_t most_batch_bytes = std::uint64_t{8} << 20;

}  // namespace

BatchFeed::BatchFeed(boost::asio::any_io_executor executor, Input& input, ReaderOptions reader, FeedOptions options,
                     RecordIds ids)
    : executor_(std::move(executor)),
      input_(input),
      options_(std::move(options)),
      ids_(ids),
      ready_(std::make_shared<boost::asio::steady_timer>(executor_, boost::asio::steady_timer::time_point::max())) {
  thread_ = std::thread([this, reader = std::move(reader)]() mutable { run(std::move(reader)); });
}

BatchFeed::~BatchFeed() {
  stop();
  thread_.join();
}

void BatchFeed::run(ReaderOptions reader) {
  std::unique_ptr<DocumentReader> documents;
  try {
    documents = make_reader(input_, std::move(reader));
  } catch (...) {  // options that do not fit together
    finish(std::current_exception());
    return;
  }
  LoadedBatch batch;
  std::exception_ptr error;
  try {
    read(*documents, batch);
  } catch (const Interrupted&) {
    finish(nullptr);
    return;
  } catch (const Error& failure) {
    // The text names file and line; that it came from a reader says the status.
    error = std::make_exception_ptr(Failure(ExitCode::incomplete, std::string(failure.message())));
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    {
      const std::lock_guard lock(mutex_);
      error_ = error;  // known before the batch is, which makes its taker end everything
    }
    // What was read before the fault is written; a resumed import reads it again.
    batch.stopped = true;
    batch.position = position_;
    batch.offset = position_.is_null() ? 0 : position_.at("offset").get<std::uint64_t>();
    if (!batch.records.empty() || !batch.problems.empty()) push(std::move(batch));
  }
  finish(std::move(error));
}

// Leaves in `batch` what was read of it when the reader throws.
void BatchFeed::read(DocumentReader& reader, LoadedBatch& batch) {
  position_ = reader.position();
  Document document;
  for (std::uint64_t sequence = 0;; ++sequence) {
    batch = {};
    batch.sequence = sequence;
    std::uint64_t bytes = 0;
    std::size_t items = 0;
    bool more = true;
    while (items < options_.chunk() && bytes < most_batch_bytes && !batch.stopped) {
      more = reader.next(document);
      if (!more) break;
      ++items;
      bytes += document.size;
      take(batch, std::move(document));
    }
    if (items == 0) return;
    batch.position = position_ = reader.position();
    batch.offset = batch.position.at("offset").get<std::uint64_t>();
    const bool last = batch.stopped || !more;
    if (!push(std::move(batch)) || last) return;
  }
}

void BatchFeed::take(LoadedBatch& batch, Document document) {
  if (!document.problem) {
    try {
      auto record = to_record(std::move(document.value), options_.form());
      if (record.id.empty()) record.id = ids_.id(document.offset);
      batch.records.push_back(std::move(record));
      batch.lines.push_back(document.line);
      if (options_.keep_text()) batch.texts.push_back(std::move(document.text));
      return;
    } catch (const JsonTextError& error) {
      document.problem.emplace();
      document.problem->code = error.code();
      document.problem->line = document.line;
      document.problem->reason = error.reason();
      document.problem->text = std::move(document.text);
    }
  }
  batch.problems.push_back(std::move(*document.problem));
  batch.stopped = options_.stop_at_problem();
}

bool BatchFeed::push(LoadedBatch batch) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return stopped_ || batches_.size() < batches_ahead; });
  if (stopped_) return false;
  batches_.push_back(std::move(batch));
  lock.unlock();
  wake();
  return true;
}

void BatchFeed::finish(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    error_ = std::move(error);
  }
  wake();
}

// The loop checks and begins to wait without a break, and this handler runs on the loop: no wake-up is lost.
void BatchFeed::wake() {
  boost::asio::post(executor_, [ready = ready_] { ready->cancel(); });
}

void BatchFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    batches_.clear();
  }
  input_.interrupt();
  room_.notify_all();
  ready_->cancel();
}

std::exception_ptr BatchFeed::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

awaitable<std::optional<LoadedBatch>> BatchFeed::next() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) co_return std::nullopt;
      if (!batches_.empty()) {
        std::optional<LoadedBatch> batch(std::move(batches_.front()));
        batches_.pop_front();
        room_.notify_one();
        co_return batch;
      }
      if (ended_) co_return std::nullopt;
    }
    constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    co_await ready_->async_wait(token);
  }
}

}  // namespace weir::cli
