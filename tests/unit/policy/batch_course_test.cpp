#include "policy/batch_course.hpp"

#include "support/sanitizers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace {

using weir::BatchOptions;
using weir::BatchResult;
using weir::errc;
using weir::Error;
using weir::ErrorContext;
using weir::OnError;
using weir::Record;
using weir::WriteKind;
using weir::policy::BatchCourse;

Error lost_answer() { return Error(errc::connection_lost, "x", ErrorContext().maybe_applied(true)); }

std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(record.id);
  return ids;
}

// Property: against a store in which anything breaks, the result of a batch that collects is the truth about each item.
TEST(BatchCourse, random_faults_never_make_it_lie) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto chance = [&](unsigned n) { return random() % n == 0; };
  for (int round = 0; round < weir::test::rounds(5000); ++round) {
    const auto kind = chance(3) ? WriteKind::remove : chance(2) ? WriteKind::upsert : WriteKind::create;
    std::map<std::string, int> store;  // id -> content; ours is 1
    std::vector<Record> records;
    for (unsigned i = 0; i < 1 + random() % 6; ++i) {
      records.push_back(Record().with_id("r" + std::to_string(i)).set("n", 1));
      if (chance(3)) store[records.back().id] = 2;
    }
    const auto before = store;
    const auto ids = ids_of(records);
    BatchCourse batch(kind, records, BatchOptions().on_error(OnError::collect));
    bool thrown = false;
    for (int attempt = 1; !thrown; ++attempt) {
      BatchResult answer;
      std::optional<Error> failure;
      const auto sent = batch.to_send();
      const bool refused = chance(6);
      answer.ids.resize(sent.size());
      for (std::size_t i = 0; i < sent.size() && !refused; ++i) {
        const auto& id = sent[i].id;
        if (chance(5)) {
          answer.errors.emplace_back(i, id, Error(chance(3) ? errc::invalid_argument : errc::throttled, "x"));
        } else if (kind == WriteKind::create && store.contains(id)) {
          answer.errors.emplace_back(i, id, Error(errc::already_exists, "x"));
        } else if (kind == WriteKind::remove) {
          if (store.erase(id) != 0) answer.ids[i] = id;
        } else {
          store[id] = 1;
          answer.ids[i] = id;
        }
      }
      if (refused || chance(5)) {
        failure = refused ? Error(errc::unavailable, "x") : lost_answer();
        batch.lost(*failure);
      } else {
        failure = batch.outcome(answer);
      }
      if (!batch.to_look_up().empty()) {
        std::vector<std::optional<Record>> stored;
        for (const auto& id : batch.ids_to_look_up()) {
          const auto found = store.find(id);
          stored.push_back(found == store.end() ? std::nullopt
                                                : std::optional(Record().with_id(id).set("n", found->second)));
        }
        batch.looked_up(stored);
      }
      if (batch.done()) break;
      if (attempt < 4) continue;
      if (batch.has_result())
        batch.give_up(4);
      else
        thrown = true;
    }
    if (thrown) continue;
    const auto result = batch.take_result();
    ASSERT_EQ(result.ids.size(), ids.size());
    std::map<std::size_t, Error> errors;
    for (const auto& item : result.errors) {
      ASSERT_TRUE(errors.emplace(item.index, item.error).second) << "one error for one item";
      ASSERT_EQ(item.id, ids[item.index]);
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool there = store.contains(ids[i]);
      const bool was_there = before.contains(ids[i]);
      if (!result.ids[i].empty()) {
        ASSERT_FALSE(errors.contains(i));
        if (kind == WriteKind::remove)
          ASSERT_TRUE(was_there && !there);
        else
          ASSERT_EQ(store.at(ids[i]), 1);
      } else if (!errors.contains(i)) {
        ASSERT_EQ(kind, WriteKind::remove);
        ASSERT_FALSE(was_there) << "absent, and never there";
      } else if (!errors.at(i).maybe_applied()) {
        ASSERT_EQ(there, was_there) << errors.at(i).what();
        if (there) {
          ASSERT_EQ(store.at(ids[i]), before.at(ids[i]));
        }
      }
    }
  }
}

TEST(BatchCourse, throttling_decides_about_the_pause) {
  BatchCourse batch(WriteKind::upsert, {Record().with_id("a"), Record().with_id("b")},
                    BatchOptions().on_error(OnError::collect));
  BatchResult answer;
  answer.ids.resize(2);
  answer.errors.emplace_back(0, "a", Error(errc::unavailable, "x"));
  answer.errors.emplace_back(1, "b", Error(errc::throttled, "x"));
  EXPECT_EQ(batch.outcome(answer)->kind(), errc::throttled);
  EXPECT_EQ(batch.to_send().size(), 2U);
}

TEST(BatchCourse, only_removals_that_stop_cannot_be_repeated) {
  for (const auto kind : {WriteKind::create, WriteKind::upsert, WriteKind::update, WriteKind::patch, WriteKind::remove})
    for (const auto on_error : {OnError::stop, OnError::collect})
      EXPECT_EQ(BatchCourse(kind, {}, BatchOptions().on_error(on_error)).repeatable(),
                kind != WriteKind::remove || on_error == OnError::collect);
}

}  // namespace
