#include "api/copy_run.hpp"
#include "core/record_weight.hpp"
#include "policy/random.hpp"
#include "policy/retry_policy.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace weir::detail {

namespace asio = boost::asio;

CopyReader::CopyReader(std::shared_ptr<CopyRun> run, std::size_t partition, std::optional<std::string> after)
    : run_(std::move(run)), partition_(partition), after_(std::move(after)) {
  open();
}

void CopyReader::open() {
  auto query = run_->query;
  if (run_->keyed) {
    if (after_) query.where(id() > *after_);
    query.order_by(id());
  }
  StreamOptions options;
  options.batch_size(run_->options.chunk());
  options.partition(Partition(partition_, run_->options.partitions()));
  if (!run_->keyed) {
    stream_ = run_->from.stream(std::move(query), std::move(options));
    return;
  }
  // One layer repeats calls: next() does, from where the stream broke off.
  CallOptions once;
  once.retry(RetryOptions{}.max_attempts(1));
  stream_ = run_->from.with(std::move(once)).stream(std::move(query), std::move(options));
}

void CopyReader::take(CopyChunk& chunk, Record record) const {
  ++chunk.read;
  auto source_id = record.id;
  chunk.last = source_id;
  if (run_->options.transform()) {
    auto changed = run_->options.transform()(std::move(record));
    if (!changed) {
      ++chunk.dropped;
      return;
    }
    record = std::move(*changed);
    // A record made anew rather than changed keeps its id: without one a repeated copy would store it twice.
    if (record.id.empty()) record.id = source_id;
  }
  chunk.bytes += core::record_weight(record);
  chunk.records.push_back(std::move(record));
  chunk.source_ids.push_back(std::move(source_id));
}

awaitable<CopyChunk> CopyReader::next() {
  CopyChunk chunk;
  unsigned failures = 0;
  while (!ended_ && chunk.read < run_->options.chunk() && chunk.bytes < core::chunk_bytes) {
    if (position_ == batch_.size()) {
      std::optional<Error> failure;
      try {
        batch_ = co_await stream_.next_batch();
        position_ = 0;
        ended_ = batch_.empty();
        failures = 0;
      } catch (const Error& error) {
        if (!run_->keyed) throw;
        failure = error;
      }
      if (failure) {
        co_await pause_before_retry(run_, *failure, ++failures);
        // Behind the last record that came: what is in this chunk already is not read again.
        if (chunk.last) after_ = chunk.last;
        batch_.clear();
        position_ = 0;
        open();
      }
      continue;
    }
    take(chunk, std::move(batch_[position_++]));
  }
  if (chunk.last) after_ = chunk.last;
  co_return chunk;
}

awaitable<void> pause_before_retry(std::shared_ptr<CopyRun> run, Error error, unsigned attempt) {
  policy::RetryBudget no_limit(0);
  policy::Failure failure;
  failure.effect = policy::Effect::idempotent_write;  // ids are kept, and what is found stored is compared
  failure.attempt = attempt;
  failure.now = std::chrono::steady_clock::now();
  failure.random = policy::random_share();
  const auto decision = policy::decide(run->options.retry(), no_limit, error, failure);
  if (decision.verdict != policy::Verdict::retry) throw error.with_attempts(attempt);
  asio::steady_timer timer(co_await asio::this_coro::executor, failure.now + decision.delay);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace weir::detail
