// Writes whose answers are lost: told apart from other people's writes, or honestly said to be unknown.
#include "policy/layers.hpp"
#include "support/sanitizers.hpp"
#include "unit/policy/layered_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace {

using testing::ElementsAre;
using weir::awaitable;
using weir::Backend;
using weir::BatchOptions;
using weir::BatchResult;
using weir::errc;
using weir::Error;
using weir::OnError;
using weir::Record;
using weir::WriteKind;
using weir::WriteOptions;
using weir::test::record_of;
using weir::test::run_with;
using weir::test::Step;
using Kind = Step::Kind;

class WriteRetry : public weir::test::LayeredStore {
 protected:
  std::shared_ptr<Backend> wrapped() { return LayeredStore::wrapped("?retry.budget=0"); }
  struct Outcome {
    std::optional<bool> done;
    std::optional<Error> error;
  };
  Outcome write(WriteKind kind, Record record, WriteOptions options = {}) {
    Outcome outcome;
    try {
      outcome.done = run_with(clock, wrapped()->write({}, kind, std::move(record), std::move(options)));
    } catch (const Error& error) {
      outcome.error = error;
    }
    return outcome;
  }
  BatchResult batch(WriteKind kind, std::vector<Record> records, OnError on_error, bool atomic = false) {
    return run_with(
        clock, wrapped()->write_batch({}, kind, std::move(records), BatchOptions().on_error(on_error).atomic(atomic)));
  }
};

TEST_F(WriteRetry, a_create_whose_answer_was_lost_is_recognised) {
  backend->script = {Step(Kind::lose)};
  EXPECT_EQ(write(WriteKind::create, record_of("a", 1)).done, true);
  EXPECT_THAT(backend->calls, ElementsAre("create a", "create a", "read a"));
}

TEST_F(WriteRetry, and_somebody_elses_record_is_not) {
  backend->records.emplace("a", record_of("a", 2));
  const auto at_once = write(WriteKind::create, record_of("a", 1));
  ASSERT_TRUE(at_once.error);
  EXPECT_EQ(at_once.error->kind(), errc::already_exists);
  EXPECT_FALSE(at_once.error->maybe_applied());
  EXPECT_THAT(backend->calls, ElementsAre("create a")) << "not even looked at";
  backend->script = {Step(Error(errc::connection_lost, "x", weir::ErrorContext().maybe_applied(true)))};
  const auto later = write(WriteKind::create, record_of("a", 1));
  ASSERT_TRUE(later.error);
  EXPECT_EQ(later.error->kind(), errc::already_exists);
  EXPECT_TRUE(later.error->maybe_applied());
}

TEST_F(WriteRetry, equal_content_without_a_lost_answer_is_a_conflict_all_the_same) {
  backend->records.emplace("a", record_of("a", 1));
  backend->script = {Step(Kind::fail, errc::connect_failed)};
  EXPECT_EQ(write(WriteKind::create, record_of("a", 1)).error->kind(), errc::already_exists);
}

TEST_F(WriteRetry, a_removal_that_may_have_been_ours_is_unknown) {
  backend->records.emplace("a", record_of("a", 1));
  backend->script = {Step(Kind::lose)};
  const auto outcome = write(WriteKind::remove, record_of("a", 0));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind(), errc::connection_lost);
  EXPECT_TRUE(outcome.error->maybe_applied());
  EXPECT_EQ(write(WriteKind::remove, record_of("a", 0)).done, false);
}

TEST_F(WriteRetry, a_version_that_may_have_been_changed_by_ourselves_is_a_conflict_marked_so) {
  auto record = record_of("a", 1);
  record.version = "v";
  backend->records.emplace("a", record);
  backend->script = {Step(Kind::lose)};
  const auto outcome = write(WriteKind::update, record_of("a", 2), WriteOptions().if_version("v"));
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->kind(), errc::conflict);
  EXPECT_TRUE(outcome.error->maybe_applied());
}

// Property: whatever breaks, the answer is the truth. True: the record is as it was to be; an error that does not say
// `maybe_applied`: nothing has changed.
TEST_F(WriteRetry, random_faults_never_make_it_lie) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < weir::test::rounds(3000); ++round) {
    const auto kind = static_cast<WriteKind>(pick(5));
    backend->records.clear();
    backend->calls.clear();
    if (pick(2) == 0) backend->records.emplace("a", record_of("a", 7));
    const bool there = backend->records.contains("a");
    backend->script.clear();
    for (int i = pick(5); i > 0; --i)
      backend->script.emplace_back(pick(2) == 0 ? Kind::lose : Kind::fail,
                                   pick(5) == 0 ? errc::permission_denied : errc::unavailable);
    const auto before = backend->records;
    const auto outcome = write(kind, record_of("a", 8));
    const auto after = backend->records.find("a");
    const bool written = after != backend->records.end() && after->second.get<int>("n") == 8;
    const bool unchanged = (after != backend->records.end()) == there && !written;
    if (outcome.done == true) {
      ASSERT_TRUE(kind == WriteKind::remove ? after == backend->records.end() : written);
    } else if (outcome.done == false) {
      ASSERT_FALSE(there);
      ASSERT_TRUE(unchanged);
    } else if (!outcome.error->maybe_applied()) {
      ASSERT_TRUE(unchanged) << outcome.error->what();
    }
  }
}

TEST_F(WriteRetry, of_a_batch_only_the_failed_items_are_sent_again) {
  int left = 2;
  backend->item_fault = [&](const Record& record) -> std::optional<Error> {
    if (record.id == "b" && left-- > 0) return Error(errc::throttled, "slow down");
    if (record.id == "c") return Error(errc::invalid_argument, "no");
    return std::nullopt;
  };
  const auto result =
      batch(WriteKind::create, {record_of("a", 1), record_of("b", 2), record_of("c", 3)}, OnError::collect);
  EXPECT_THAT(backend->calls, ElementsAre("batch create a b c", "batch create b", "batch create b"));
  EXPECT_THAT(result.ids, ElementsAre("a", "b", ""));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].index, 2U);
  EXPECT_EQ(result.errors[0].id, "c");
}

TEST_F(WriteRetry, items_that_never_pass_are_collected_with_their_attempts) {
  backend->item_fault = [](const Record& record) -> std::optional<Error> {
    if (record.id == "b") return Error(errc::unavailable, "down");
    return std::nullopt;
  };
  const auto result = batch(WriteKind::upsert, {record_of("a", 1), record_of("b", 2)}, OnError::collect);
  EXPECT_THAT(result.ids, ElementsAre("a", ""));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].error.kind(), errc::unavailable);
  EXPECT_EQ(result.errors[0].error.attempts(), 3U);
}

TEST_F(WriteRetry, a_batch_whose_answer_was_lost_is_recognised_item_by_item) {
  backend->records.emplace("b", record_of("b", 99));
  for (const auto on_error : {OnError::collect, OnError::stop}) {
    backend->calls.clear();
    backend->records.erase("a");
    backend->records.erase("c");
    backend->script = {Step(Kind::lose)};
    if (on_error == OnError::collect) {
      const auto result = batch(WriteKind::create, {record_of("a", 1), record_of("b", 2), record_of("c", 3)}, on_error);
      EXPECT_THAT(result.ids, ElementsAre("a", "", "c"));
      ASSERT_EQ(result.errors.size(), 1U);
      EXPECT_EQ(result.errors[0].error.kind(), errc::already_exists);
    } else {
      const auto result = batch(WriteKind::create, {record_of("a", 1), record_of("c", 3)}, on_error);
      EXPECT_THAT(result.ids, ElementsAre("a", "c"));
      EXPECT_THAT(backend->calls, ElementsAre("batch create a c", "read a", "read c"));
    }
  }
}

TEST_F(WriteRetry, an_atomic_batch_is_there_as_a_whole_or_sent_as_a_whole) {
  backend->script = {Step(Kind::lose)};
  EXPECT_THAT(batch(WriteKind::create, {record_of("a", 1), record_of("b", 2)}, OnError::stop, true).ids,
              ElementsAre("a", "b"));
  EXPECT_THAT(backend->calls, ElementsAre("batch create a b", "read a", "read b"));
  backend->calls.clear();
  backend->records.clear();
  backend->records.emplace("b", record_of("b", 2));
  backend->script = {Step(Error(errc::connection_lost, "x", weir::ErrorContext().maybe_applied(true)))};
  try {
    batch(WriteKind::create, {record_of("a", 1), record_of("b", 2)}, OnError::stop, true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), errc::already_exists);
  }
  EXPECT_FALSE(backend->records.contains("a"));
}

TEST_F(WriteRetry, removals_that_may_have_been_ours_are_unknown_in_a_batch_too) {
  backend->records.emplace("a", record_of("a", 1));
  backend->script = {Step(Kind::lose)};
  const auto result = batch(WriteKind::remove, {record_of("a", 0), record_of("b", 0)}, OnError::collect);
  EXPECT_THAT(result.ids, ElementsAre("", ""));
  ASSERT_EQ(result.errors.size(), 2U);
  EXPECT_TRUE(result.errors[0].error.maybe_applied());
  backend->records.emplace("a", record_of("a", 1));
  backend->script = {Step(Kind::lose)};
  EXPECT_THROW(batch(WriteKind::remove, {record_of("a", 0)}, OnError::stop), Error) << "and not repeated";
}

}  // namespace
