// Everything that can break, broken at every call.
#include "unit/copy/faulty_store.hpp"
#include "unit/copy/run_loop.hpp"
#include "unit/copy/scratch_folder.hpp"

#include <weir/weir.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace {

namespace asio = boost::asio;
using weir::AsyncDatabase;
using weir::awaitable;
using weir::CopyOptions;
using weir::CopyStats;
using weir::errc;
using weir::Error;
using weir::OnConflict;
using weir::Query;
using weir::Record;
using weir::RetryOptions;
using weir::test::Fault;
using weir::test::faulty_data;
using weir::test::FaultyData;
using weir::test::ScratchFolder;

std::vector<std::string> contents(FaultyData& data) {
  std::vector<std::string> out;
  for (const auto& [id, record] : data.records) out.push_back(id + record.fields.dump());
  return out;
}

/// Source and target of one test, by a name of its own.
class Stores {
 public:
  explicit Stores(const std::string& name, std::size_t count) : name_(name) {
    weir::test::register_faulty();
    source = faulty_data("source-of-" + name);
    target = faulty_data("target-of-" + name);
    source->fill(count);
  }
  awaitable<CopyStats> copy(CopyOptions options) const {
    auto from = co_await AsyncDatabase::open("faulty:source-of-" + name_);
    auto to = co_await AsyncDatabase::open("faulty:target-of-" + name_);
    co_return co_await weir::copy(std::move(from), Query(), std::move(to), std::move(options));
  }
  /// An empty target, and nothing goes wrong.
  void reset() const {
    for (const auto& data : {source, target}) {
      data->plan = nullptr;
      data->item_fault = nullptr;
      data->error.reset();
      data->calls = 0;
      data->writes = 0;
      data->batches = 0;
    }
    target->records.clear();
  }

  std::shared_ptr<FaultyData> source;
  std::shared_ptr<FaultyData> target;

 private:
  std::string name_;
};

CopyOptions at_once() {
  using std::chrono::milliseconds;
  return CopyOptions().chunk(10).partitions(2).retry(
      RetryOptions().max_attempts(4).base(milliseconds(0)).throttle_base(milliseconds(0)));
}

awaitable<void> store_result(awaitable<CopyStats> work, CopyStats* stats, std::exception_ptr* error) {
  try {
    *stats = co_await std::move(work);
  } catch (...) {
    *error = std::current_exception();
  }
}

struct Outcome {
  CopyStats stats;
  std::optional<Error> error;
};

Outcome run_copy(const Stores& stores, const CopyOptions& options) {
  Outcome outcome;
  std::exception_ptr failure;
  weir::test::run(store_result(stores.copy(options), &outcome.stats, &failure));
  if (failure) try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      outcome.error = error;
    }
  return outcome;
}

TEST(CopyFaults, a_passing_failure_of_any_write_is_made_good) {
  const Stores stores("failing-writes", 55);
  for (const auto conflict : {OnConflict::upsert, OnConflict::insert})
    for (const auto fault : {Fault::before, Fault::lost_answer})
      for (std::uint64_t n = 1;; ++n) {
        stores.reset();
        stores.target->plan = [&](std::uint64_t call) { return call == n ? fault : Fault::none; };
        const auto outcome = run_copy(stores, at_once().on_conflict(conflict));
        ASSERT_FALSE(outcome.error) << outcome.error->what() << " at call " << n;
        EXPECT_EQ(outcome.stats.written, 55U) << "at call " << n;
        EXPECT_EQ(contents(*stores.target), contents(*stores.source)) << "at call " << n;
        if (stores.target->calls < n) break;
      }
}

TEST(CopyFaults, a_source_that_breaks_off_is_read_on_when_there_is_a_checkpoint) {
  const ScratchFolder folder;
  const Stores stores("failing-reads", 55);
  for (std::uint64_t n = 1;; ++n) {
    stores.reset();
    stores.source->plan = [&](std::uint64_t call) { return call == n ? Fault::before : Fault::none; };
    const auto outcome = run_copy(stores, at_once().checkpoint(folder.file("copy.json")));
    ASSERT_FALSE(outcome.error) << outcome.error->what() << " at call " << n;
    EXPECT_EQ(outcome.stats.read, 55U) << "at call " << n;
    EXPECT_EQ(stores.target->writes, 55U) << "nothing twice, at call " << n;
    EXPECT_EQ(contents(*stores.target), contents(*stores.source)) << "at call " << n;
    if (stores.source->calls < n) break;
  }
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(CopyFaults, failed_items_alone_are_tried_again) {
  const Stores stores("failing-items", 40);
  std::map<std::string, int> tries;
  stores.target->item_fault = [&](const Record& record) -> std::optional<Error> {
    const auto n = ++tries[record.id];
    if (record.get<int>("n") % 7 == 3 && n < 3) return Error(errc::throttled, "slow down");
    return std::nullopt;
  };
  const auto outcome = run_copy(stores, at_once());
  ASSERT_FALSE(outcome.error) << outcome.error->what();
  EXPECT_EQ(outcome.stats.written, 40U);
  for (const auto& [id, n] : tries) EXPECT_EQ(n, std::stoi(id.substr(1)) % 7 == 3 ? 3 : 1) << id;
}

TEST(CopyFaults, an_item_that_never_passes_ends_the_copy_and_is_not_rejected) {
  const Stores stores("lasting-outage", 40);
  stores.target->item_fault = [](const Record& record) -> std::optional<Error> {
    if (record.id == "r000021") return Error(errc::unavailable, "down");
    return std::nullopt;
  };
  auto options = at_once();
  options.rejects([](const Record&, const Error&) { FAIL() << "an outage is no refusal"; });
  const auto outcome = run_copy(stores, options);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind(), errc::unavailable);
  EXPECT_EQ(outcome.error->attempts(), 4U);
}

TEST(CopyFaults, a_failure_that_lasts_ends_all_partitions) {
  const Stores stores("lasting-failure", 200);
  for (std::uint64_t n = 1; n <= 12; ++n) {
    stores.reset();
    stores.target->error = Error(errc::permission_denied, "no");
    stores.target->plan = [&](std::uint64_t call) { return call >= n ? Fault::before : Fault::none; };
    const auto outcome = run_copy(stores, at_once().partitions(4));
    ASSERT_TRUE(outcome.error) << n;
    EXPECT_EQ(outcome.error->kind(), errc::permission_denied);
    EXPECT_EQ(stores.target->running, 0);
    EXPECT_EQ(stores.source->running, 0);
  }
}

TEST(CopyFaults, an_insert_whose_answer_was_lost_is_told_from_a_conflict) {
  const Stores stores("lost-insert", 20);
  stores.target->plan = [&](std::uint64_t call) { return call == 1 ? Fault::lost_answer : Fault::none; };
  stores.target->records.emplace("r000005", Record().with_id("r000005").set("n", "somebody else's"));
  auto options = at_once().on_conflict(OnConflict::insert).partitions(1);
  std::vector<std::string> rejected;
  options.rejects([&](const Record& record, const Error& error) {
    EXPECT_EQ(error.kind(), errc::already_exists);
    rejected.push_back(record.id);
  });
  const auto outcome = run_copy(stores, options);
  ASSERT_FALSE(outcome.error) << outcome.error->what();
  EXPECT_EQ(outcome.stats.written, 19U);
  EXPECT_THAT(rejected, testing::ElementsAre("r000005"));
}

/// Runs a copy in which the n-th call of one side hangs, and cancels it there. False: there were fewer calls.
bool cancel_at(const Stores& stores, FaultyData& side, std::uint64_t n, const CopyOptions& options, unsigned threads) {
  stores.reset();
  asio::thread_pool pool(threads);
  const auto strand = asio::make_strand(pool);
  asio::cancellation_signal signal;
  std::promise<std::exception_ptr> ended;
  std::atomic<bool> reached{false};
  side.plan = [&](std::uint64_t call) {
    if (call != n) return Fault::none;
    reached = true;
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    return Fault::hang;
  };
  asio::co_spawn(
      strand, stores.copy(options),
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, CopyStats) { ended.set_value(e); }));
  const auto failure = ended.get_future().get();
  pool.join();
  EXPECT_EQ(stores.source->running, 0) << "call " << n;
  EXPECT_EQ(stores.target->running, 0) << "call " << n;
  if (!reached) {
    EXPECT_EQ(failure, nullptr);
    return false;
  }
  EXPECT_NE(failure, nullptr) << "call " << n;
  if (failure) try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), boost::system::errc::operation_canceled) << error.what();
    }
  return true;
}

TEST(CopyFaults, cancelled_at_every_call_it_ends_and_goes_on_from_there) {
  const Stores stores("cancelled", 45);
  for (const unsigned threads : {1U, 4U})
    for (auto* side : {stores.source.get(), stores.target.get()})
      for (std::uint64_t n = 1;; ++n) {
        const ScratchFolder folder;
        const auto options = at_once().checkpoint(folder.file("copy.json")).partitions(3).chunk(5);
        if (!cancel_at(stores, *side, n, options, threads)) break;
        const auto acknowledged = stores.target->writes.load();
        side->plan = nullptr;
        const auto outcome = run_copy(stores, options);
        ASSERT_FALSE(outcome.error) << outcome.error->what() << " after call " << n;
        EXPECT_EQ(contents(*stores.target), contents(*stores.source)) << "after call " << n;
        EXPECT_EQ(outcome.stats.read, 45U) << "the counts go on";
        EXPECT_LE(stores.target->writes, acknowledged + 45);
        EXPECT_EQ(folder.entries(), 0U);
      }
}

TEST(CopyFaults, memory_is_bounded_by_the_chunk) {
  const Stores stores("bounded", 5000);
  const auto outcome = run_copy(stores, at_once().chunk(64).partitions(1));
  ASSERT_FALSE(outcome.error);
  EXPECT_EQ(stores.target->largest_batch, 64U);
  EXPECT_EQ(stores.target->batches, (5000U + 63U) / 64U) << "chunks are filled";
}

/// While a chunk is written the next one is read: a write that waits until a further read has come in would never end
/// otherwise.
TEST(CopyFaults, the_next_chunk_is_read_while_one_is_written) {
  const Stores stores("overlap", 30);
  asio::io_context loop;
  std::uint64_t reads_at_first_write = 0;
  stores.target->plan = [&](std::uint64_t call) {
    if (call == 1) reads_at_first_write = stores.source->calls;
    return call == 1 ? Fault::hang : Fault::none;
  };
  asio::cancellation_signal signal;
  asio::co_spawn(loop, stores.copy(at_once().partitions(1)),
                 asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr, CopyStats) {}));
  loop.poll();  // until nothing moves any more: the first write hangs
  EXPECT_GE(reads_at_first_write, 1U);
  EXPECT_LE(reads_at_first_write, 2U) << "one chunk ahead, whichever of the two is begun first";
  EXPECT_EQ(stores.source->calls, 2U);
  signal.emit(asio::cancellation_type::terminal);
  loop.run();
}

}  // namespace
