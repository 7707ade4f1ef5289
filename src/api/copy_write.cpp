#include "api/copy_run.hpp"
#include "policy/same_content.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

/// One chunk on its way: what is still to be written, and what has become of the rest.
class ChunkWriter {
 public:
  ChunkWriter(CopyRun& run, CopyChunk chunk) : run_(run), chunk_(std::move(chunk)), pending_(chunk_.records.size()) {
    for (std::size_t i = 0; i < pending_.size(); ++i) pending_[i] = i;
    counts_.read = chunk_.read;
    counts_.skipped = chunk_.dropped;
  }

  bool finished() const { return pending_.empty(); }
  std::vector<Record> batch() const {
    std::vector<Record> out;
    out.reserve(pending_.size());
    for (const auto index : pending_) out.push_back(chunk_.records[index]);
    return out;
  }

  /// Takes the outcome of a batch. Gives the error of an item that is to be tried again, if there is one.
  std::optional<Error> outcome(const BatchResult& result) {
    const auto tried = std::exchange(pending_, {});
    std::vector<bool> failed(tried.size(), false);
    std::optional<Error> again;
    for (const auto& item : result.errors) {
      const auto index = tried.at(item.index);
      failed.at(item.index) = true;
      if (item.error.kind() == errc::cancelled) throw item.error;
      maybe_applied_ = maybe_applied_ || item.error.maybe_applied();
      if (item.error.kind() == errc::already_exists && run_.options.on_conflict() == OnConflict::skip) {
        ++counts_.skipped;
      } else if (item.error.kind() == errc::already_exists && own_writes_possible()) {
        to_compare_.emplace_back(index, item.error);
      } else if (item.error.transient()) {
        pending_.push_back(index);
        if (!again || (again->kind() != errc::throttled && item.error.kind() == errc::throttled)) again = item.error;
      } else {
        refused_.emplace_back(index, item.error);
      }
    }
    counts_.written += static_cast<std::uint64_t>(std::count(failed.begin(), failed.end(), false));
    return again;
  }
  /// The whole batch failed.
  void lost(const Error& error) { maybe_applied_ = maybe_applied_ || error.maybe_applied(); }

  /// Ids that were found stored although this copy may have written them itself, and what is stored there.
  std::vector<std::string> ids_to_compare() const {
    std::vector<std::string> ids;
    for (const auto& [index, error] : to_compare_) ids.push_back(chunk_.records[index].id);
    return ids;
  }
  void compare(const std::vector<std::optional<Record>>& stored) {
    const auto doubtful = std::exchange(to_compare_, {});
    for (std::size_t i = 0; i < doubtful.size(); ++i) {
      const auto& [index, error] = doubtful[i];
      if (stored.at(i) && policy::same_content(chunk_.records[index], *stored[i]))
        ++counts_.written;
      else
        refused_.emplace_back(index, error);
    }
  }

  /// Gives the refused records to the sink, or throws for the first.
  void settle() {
    std::sort(refused_.begin(), refused_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [index, error] : refused_) {
      if (!run_.options.rejects())
        throw Error(error.kind(), "record \"" + chunk_.records[index].id + "\": " + std::string(error.message()),
                    error.context(), error.transient());
      run_.options.rejects()(chunk_.records[index], error);
      ++counts_.rejected;
      if (run_.options.verify()) run_.checkpoint.rejected.push_back(chunk_.source_ids[index]);
    }
    refused_.clear();
  }

  const CopyStats& counts() const { return counts_; }
  std::optional<std::string> last() { return std::move(chunk_.last); }
  void pretend() {
    counts_.written += pending_.size();
    pending_.clear();
  }

 private:
  /// After a lost answer, and after a kill between the write and its checkpoint.
  bool own_writes_possible() const { return maybe_applied_ || run_.resumed; }

  CopyRun& run_;
  CopyChunk chunk_;
  std::vector<std::size_t> pending_;
  std::vector<std::pair<std::size_t, Error>> to_compare_;
  std::vector<std::pair<std::size_t, Error>> refused_;
  CopyStats counts_;
  bool maybe_applied_ = false;
};

awaitable<BatchResult> write_batch(const CopyRun& run, std::vector<Record> records) {
  BatchOptions options;
  options.on_error(OnError::collect);
  // One layer repeats calls: this one, which is more patient.
  CallOptions once;
  once.retry(RetryOptions{}.max_attempts(1));
  const auto target = run.to.with(std::move(once));
  if (run.options.on_conflict() == OnConflict::upsert)
    return target.upsert_batch(std::move(records), std::move(options));
  return target.create_batch(std::move(records), std::move(options));
}

}  // namespace

awaitable<void> write_chunk(std::shared_ptr<CopyRun> run, std::size_t partition, CopyChunk chunk) {
  ChunkWriter writer(*run, std::move(chunk));
  if (run->options.dry_run()) writer.pretend();
  for (unsigned attempt = 1; !writer.finished(); ++attempt) {
    std::optional<Error> again;
    try {
      const auto result = co_await write_batch(*run, writer.batch());
      again = writer.outcome(result);
    } catch (const Error& error) {
      writer.lost(error);
      again = error;
    }
    if (again) co_await pause_before_retry(run, *again, attempt);
  }
  if (auto ids = writer.ids_to_compare(); !ids.empty()) {
    const auto stored = co_await run->to.read_batch(std::move(ids));
    writer.compare(stored);
  }
  // From here on it is written: a cancellation must not keep it out of the checkpoint.
  co_await asio::this_coro::throw_if_cancelled(false);
  writer.settle();
  co_await CopyRun::acknowledge(run, partition, writer.last(), writer.counts());
}

}  // namespace weir::detail
