#include "cli/failure.hpp"
#include "cli/import_job.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

// How batches are written: the part of ImportJob that talks to the database.

namespace weir::cli {
namespace {

// Whether the error is about this record, and not about the store as a whole.
bool about_the_record(errc kind) {
  switch (kind) {
    case errc::already_exists:
    case errc::conflict:
    case errc::invalid_argument:
    case errc::invalid_query:
    case errc::unsupported:
    case errc::constraint_violation:
    case errc::too_large:
    case errc::server_error: return true;
    default: return false;
  }
}

}  // namespace

awaitable<void> ImportJob::worker() {
  for (;;) {
    auto batch = co_await feed_->next();
    if (!batch) co_return;
    auto outcome = co_await write(std::move(*batch));
    settle(std::move(outcome));
  }
}

awaitable<void> ImportJob::side_by_side(boost::asio::any_io_executor executor) {
  std::size_t running = program_.arguments.partitions;
  std::exception_ptr error;
  boost::asio::steady_timer done(executor, boost::asio::steady_timer::time_point::max());
  auto on_end = [&](std::exception_ptr failure) {
    if (failure && !error) error = failure;
    if (failure) feed_->stop();
    --running;
    done.cancel();
  };
  for (std::size_t i = 0; i < program_.arguments.partitions; ++i) boost::asio::co_spawn(executor, worker(), on_end);
  constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
  while (running > 0) co_await done.async_wait(token);
  if (error) std::rethrow_exception(error);
}

awaitable<ImportJob::Outcome> ImportJob::write(LoadedBatch batch) {
  Outcome outcome;
  outcome.sequence = batch.sequence;
  outcome.position = std::move(batch.position);
  outcome.offset = batch.offset;
  outcome.stops = batch.stopped;
  for (auto& problem : batch.problems)
    outcome.rejects.push_back({problem.line, problem.column, std::move(problem.reason), std::move(problem.text)});
  const auto reject = [&](std::size_t index, std::string reason) {
    outcome.rejects.push_back({batch.lines[index], 0, std::move(reason),
                               batch.texts.empty() ? std::string() : std::move(batch.texts[index])});
    if (!collects_) outcome.stops = true;
  };
  const auto count = batch.records.size();
  if (program_.arguments.dry_run || count == 0) {
    outcome.counts.written = count;
    outcome.counts.rejected = outcome.rejects.size();
    co_return outcome;
  }
  const bool own_possible = resumed_ && on_conflict_ == OnConflict::insert;
  std::vector<Record> expected;
  if (program_.arguments.verify || own_possible) expected = batch.records;
  try {
    const auto options = BatchOptions{}.on_error(OnError::collect);
    BatchResult result;
    if (on_conflict_ == OnConflict::upsert)
      result = co_await database_.upsert_batch(std::move(batch.records), options);
    else
      result = co_await database_.create_batch(std::move(batch.records), options);
    outcome.counts.written = result.succeeded();
    std::vector<std::size_t> there;  // may be our own, from before an interruption
    for (const auto& item : result.errors) {
      const auto kind = item.error.kind();
      if (kind == errc::already_exists && on_conflict_ == OnConflict::skip) {
        ++outcome.counts.skipped;
      } else if (kind == errc::already_exists && own_possible) {
        there.push_back(item.index);
      } else if (about_the_record(kind)) {
        reject(item.index, std::string(item.error.message()));
      } else if (!outcome.failure) {
        outcome.failure = std::make_exception_ptr(item.error);
      }
    }
    if (!there.empty()) {
      std::vector<const Record*> ours;
      for (const auto index : there) ours.push_back(&expected[index]);
      const auto others = co_await different(std::move(ours));
      outcome.counts.skipped += there.size() - others.size();
      for (const auto place : others)
        reject(there[place],
               "the id \"" + excerpt(expected[there[place]].id) + "\" is stored already, with other fields");
    }
    if (program_.arguments.verify) {
      std::unordered_map<std::string, std::size_t> last;  // of records with one id, the last is what is stored
      for (std::size_t i = 0; i < count; ++i)
        if (!result.ids[i].empty()) last[expected[i].id] = i;
      std::vector<std::size_t> indexes;
      for (const auto& [id, index] : last) indexes.push_back(index);
      std::ranges::sort(indexes);
      std::vector<const Record*> written;
      for (const auto index : indexes) written.push_back(&expected[index]);
      const auto wrong = co_await different(std::move(written));
      for (const auto place : wrong)
        reject(indexes[place], "--verify: it was read back different from what was written");
    }
    outcome.ids = std::move(result.ids);
  } catch (const Error& error) {
    if (about_the_record(error.kind()))
      outcome.failure = std::make_exception_ptr(Failure(ExitCode::incomplete, error.what()));
    else
      outcome.failure = std::current_exception();
  } catch (...) {
    outcome.failure = std::current_exception();
  }
  std::ranges::sort(outcome.rejects, {}, [](const Reject& each) { return each.line; });
  outcome.counts.rejected = outcome.rejects.size();
  co_return outcome;
}

// Which of the records are stored otherwise or not at all.
awaitable<std::vector<std::size_t>> ImportJob::different(std::vector<const Record*> expected) {
  std::vector<std::string> ids;
  for (const auto* record : expected) ids.push_back(record->id);
  const auto stored = co_await database_.read_batch(std::move(ids));
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!stored[i] || stored[i]->fields != expected[i]->fields || stored[i]->metadata != expected[i]->metadata)
      wrong.push_back(i);
  co_return wrong;
}

}  // namespace weir::cli
