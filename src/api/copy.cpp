// weir::copy: the partitions and how they end. Reading is in copy_read.cpp, writing in copy_write.cpp.
#include "api/copy_file.hpp"
#include "api/copy_run.hpp"
#include "net/strand_call.hpp"
#include "net/task_group.hpp"

#include <weir/copy.hpp>

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace weir {

using detail::CopyCheckpoint;
using detail::CopyIdentity;
using detail::CopyReader;
using detail::CopyRun;
using net::TaskGroup;

namespace {

namespace asio = boost::asio;
using RunPointer = std::shared_ptr<CopyRun>;

[[noreturn]] void refuse(const char* text) {
  throw Error(errc::invalid_argument, text, ErrorContext{}.operation("copy"));
}

void check(const AsyncDatabase& from, const Query& query, const AsyncDatabase& to, const CopyOptions& options) {
  if (!from) refuse("the database to copy from is empty");
  if (!to) refuse("the database to copy to is empty");
  if (options.partitions() == 0) refuse("option partitions: there is at least one");
  if (options.chunk() == 0) refuse("option chunk: there is at least one record in a chunk");
  const bool page = query.limit() || query.offset() != 0;
  if (options.partitions() > 1 && page) refuse("a query with limit or offset cannot be copied in partitions");
  if (!options.checkpoint().empty() && (page || !query.order().empty()))
    refuse(
        "a copy with a checkpoint reads in the order of the ids, so as to go on behind the last one: "
        "order_by, limit and offset cannot be used with it");
}

awaitable<void> load(RunPointer run) {
  run->checkpoint =
      CopyCheckpoint(CopyIdentity(run->from.config(), run->query, run->to.config(), run->options.partitions()),
                     run->options.partitions());
  if (!run->has_file()) co_return;
  run->thread = std::make_unique<detail::HelperThread>();
  const auto content = std::make_shared<std::optional<std::string>>();
  const std::function<void()> job = [content, path = run->options.checkpoint()] {
    *content = detail::read_small_file(path);
  };
  co_await run->thread->run(job);
  if (!*content) co_return;
  auto found = CopyCheckpoint::from_text(**content, run->options.checkpoint());
  const auto difference = found.identity.difference(run->checkpoint.identity);
  if (!difference.empty())
    throw Error(
        errc::invalid_argument,
        "the checkpoint belongs to another copy, which differs in: " + difference + "; remove the file to begin anew",
        ErrorContext{}.operation("copy").endpoint(run->options.checkpoint()));
  run->checkpoint = std::move(found);
  run->resumed = true;
}

awaitable<void> count_total(RunPointer run) {
  if (!run->options.progress() || run->checkpoint.total) co_return;
  auto total = co_await run->from.count(run->query);
  const std::uint64_t offset = run->query.offset();
  total = total > offset ? total - offset : 0;
  if (run->query.limit()) total = std::min<std::uint64_t>(total, *run->query.limit());
  run->checkpoint.total = total;
}

/// Reads the next chunk while the one before is written.
awaitable<void> copy_partition(RunPointer run, std::size_t partition) {
  TaskGroup writer(run->strand);
  bool cancelled = false;
  std::exception_ptr failure;
  try {
    CopyReader reader(run, partition, run->checkpoint.positions[partition].last);
    for (;;) {
      auto chunk = co_await reader.next();
      WEIR_JOIN(writer, cancelled);
      if (cancelled || writer.error() || chunk.empty()) break;
      writer.spawn(detail::write_chunk(run, partition, std::move(chunk)));
    }
  } catch (...) {
    failure = std::current_exception();
    writer.cancel();
  }
  WEIR_JOIN(writer, cancelled);
  if (writer.error()) failure = writer.error();
  if (failure) std::rethrow_exception(failure);
  if (cancelled) throw Error(errc::cancelled, "cancelled", ErrorContext{}.operation("copy"));
  run->checkpoint.positions[partition].done = true;
  ++run->changes;
  co_await CopyRun::save(run);
}

/// All partitions side by side, each by `work`. What was acknowledged is in the file, however it ends.
awaitable<void> side_by_side(RunPointer run, awaitable<void> (*work)(RunPointer, std::size_t), bool skip_done) {
  TaskGroup partitions(run->strand);
  bool cancelled = false;
  for (std::size_t i = 0; i < run->checkpoint.positions.size(); ++i)
    if (!skip_done || !run->checkpoint.positions[i].done) partitions.spawn(work(run, i));
  WEIR_JOIN(partitions, cancelled);
  if (partitions.error()) std::rethrow_exception(partitions.error());
  if (cancelled) throw Error(errc::cancelled, "cancelled", ErrorContext{}.operation("copy"));
}

awaitable<CopyStats> run_copy(RunPointer run) {
  const auto start = std::chrono::steady_clock::now();
  co_await load(run);
  co_await count_total(run);
  if (run->resumed) run->report();  // where it goes on
  if (run->has_file() && !run->resumed) {
    // Before the first write: a copy that dies right after it must know on its return that what it meets may be its
    // own.
    ++run->changes;
    co_await CopyRun::save(run);
  }
  co_await side_by_side(run, copy_partition, true);
  if (run->options.verify() && !run->options.dry_run()) co_await side_by_side(run, detail::verify_partition, false);
  if (run->has_file()) {
    const std::function<void()> job = [path = run->options.checkpoint()] { detail::remove_file(path); };
    co_await run->thread->run(job);
  }
  auto stats = run->checkpoint.stats();
  stats.elapsed = std::chrono::steady_clock::now() - start;
  co_return stats;
}

awaitable<CopyStats> copy_operation(AsyncDatabase from, Query query, AsyncDatabase to, CopyOptions options) {
  check(from, query, to, options);
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  const auto run =
      std::make_shared<CopyRun>(std::move(from), std::move(query), std::move(to), std::move(options), strand);
  co_return co_await net::call_on_strand<CopyStats>(strand, run_copy(run));
}

}  // namespace

awaitable<CopyStats> copy(AsyncDatabase from, Query query, AsyncDatabase to, CopyOptions options) {
  return copy_operation(std::move(from), std::move(query), std::move(to), std::move(options));
}

namespace detail {

CopyRun::CopyRun(AsyncDatabase source, Query copied, AsyncDatabase destination, CopyOptions settings,
                 boost::asio::any_io_executor executor)
    : from(std::move(source)),
      query(std::move(copied)),
      to(std::move(destination)),
      options(std::move(settings)),
      strand(std::move(executor)),
      keyed(!options.checkpoint().empty()) {}

awaitable<void> CopyRun::save(std::shared_ptr<CopyRun> run) {
  if (!run->has_file()) co_return;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto wanted = run->changes;
  while (run->saved < wanted) {
    const auto now = run->changes;
    const std::function<void()> job = [path = run->options.checkpoint(), text = run->checkpoint.to_text()] {
      replace_file(path, text);
    };
    co_await run->thread->run(job);
    run->saved = std::max(run->saved, now);
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
}

awaitable<void> CopyRun::acknowledge(std::shared_ptr<CopyRun> run, std::size_t partition,
                                     std::optional<std::string> last, CopyStats counts) {
  auto& position = run->checkpoint.positions[partition];
  position.last = std::move(last);
  position.counts.read += counts.read;
  position.counts.written += counts.written;
  position.counts.skipped += counts.skipped;
  position.counts.rejected += counts.rejected;
  ++run->changes;
  co_await save(run);
  run->report();
}

void CopyRun::report() const {
  if (!options.progress()) return;
  CopyProgress progress;
  progress.stats(checkpoint.stats()).total(checkpoint.total);
  options.progress()(progress);
}

}  // namespace detail
}  // namespace weir
