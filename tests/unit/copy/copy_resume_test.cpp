// A copy that was cut short goes on from its checkpoint.
#include "unit/copy/faulty_store.hpp"
#include "unit/copy/run_loop.hpp"
#include "unit/copy/scratch_folder.hpp"

#include <weir/weir.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using testing::HasSubstr;
using weir::AsyncDatabase;
using weir::awaitable;
using weir::CopyOptions;
using weir::errc;
using weir::Error;
using weir::field;
using weir::Query;
using weir::Record;
using weir::test::Fault;
using weir::test::faulty_data;
using weir::test::ScratchFolder;

awaitable<weir::CopyStats> copy_named(std::string from, Query query, std::string to, CopyOptions options) {
  auto source = co_await AsyncDatabase::open("faulty:" + from);
  auto target = co_await AsyncDatabase::open("faulty:" + to);
  co_return co_await weir::copy(std::move(source), std::move(query), std::move(target), std::move(options));
}

awaitable<void> expect_refused(std::string from, Query query, std::string to, CopyOptions options, errc code,
                               std::string text) {
  std::optional<Error> failure;
  try {
    co_await copy_named(from, std::move(query), to, std::move(options));
  } catch (const Error& error) {
    failure = error;
  }
  EXPECT_TRUE(failure);
  if (!failure) co_return;
  EXPECT_EQ(failure->kind(), code) << failure->what();
  EXPECT_THAT(failure->what(), HasSubstr(text));
}

awaitable<void> interrupted(std::string from, std::string to, CopyOptions options) {
  const auto target = faulty_data(to);
  target->error = Error(errc::permission_denied, "no more");
  target->plan = [](std::uint64_t call) { return call > 3 ? Fault::before : Fault::none; };
  bool failed = false;
  try {
    co_await copy_named(from, Query(), to, std::move(options));
  } catch (const Error&) {
    failed = true;
  }
  EXPECT_TRUE(failed);
  target->plan = nullptr;
}

awaitable<void> foreign_checkpoints() {
  weir::test::register_faulty();
  const ScratchFolder folder;
  const auto file = folder.file("copy.json");
  faulty_data("f1")->fill(50);
  auto options = CopyOptions().chunk(5).partitions(2).checkpoint(file);
  co_await interrupted("f1", "f2", options);
  const auto left = weir::test::content_of(file);
  EXPECT_THAT(left, HasSubstr("weir_copy_checkpoint"));

  co_await expect_refused("f3", Query(), "f2", options, errc::invalid_argument, "differs in: source");
  co_await expect_refused("f1", Query(field("n") > 3), "f2", options, errc::invalid_argument, "differs in: query");
  co_await expect_refused("f1", Query(), "f3", options, errc::invalid_argument, "differs in: target");
  auto others = options;
  others.partitions(3);
  co_await expect_refused("f1", Query(), "f2", others, errc::invalid_argument, "differs in: partitions");
  EXPECT_EQ(weir::test::content_of(file), left) << "a refused checkpoint stays as it was";
  EXPECT_TRUE(faulty_data("f3")->records.empty());

  weir::test::write_file(file, left.substr(0, left.size() / 2));
  co_await expect_refused("f1", Query(), "f2", options, errc::corrupt_data, "copy.json");
  weir::test::write_file(file, left);
  const auto stats = co_await copy_named("f1", Query(), "f2", options);
  EXPECT_EQ(stats.read, 50U);
  EXPECT_EQ(faulty_data("f2")->records.size(), 50U);
}

TEST(CopyResume, only_the_same_copy_goes_on) { weir::test::run(foreign_checkpoints()); }

awaitable<void> not_from_the_beginning() {
  weir::test::register_faulty();
  const ScratchFolder folder;
  const auto source = faulty_data("r1");
  const auto target = faulty_data("r2");
  source->fill(50);
  auto options = CopyOptions().chunk(5).checkpoint(folder.file("copy.json"));
  co_await interrupted("r1", "r2", options);
  EXPECT_EQ(target->writes, 15U);
  const auto before = source->calls.load();
  const auto stats = co_await copy_named("r1", Query(), "r2", options);
  EXPECT_EQ(stats.written, 50U);
  EXPECT_EQ(target->writes, 50U) << "what was acknowledged is not written again";
  EXPECT_LE(source->calls - before, 8U) << "nor read";
}

TEST(CopyResume, what_was_acknowledged_is_left_alone) { weir::test::run(not_from_the_beginning()); }

awaitable<void> dry_runs() {
  weir::test::register_faulty();
  const ScratchFolder folder;
  faulty_data("d1")->fill(50);
  const auto options = CopyOptions().chunk(5).checkpoint(folder.file("copy.json"));
  co_await interrupted("d1", "d2", options);
  const auto left = weir::test::content_of(folder.file("copy.json"));
  auto dry = options;
  dry.dry_run(true);
  const auto stats = co_await copy_named("d1", Query(), "d2", dry);
  EXPECT_EQ(stats.read, 50U);
  EXPECT_EQ(weir::test::content_of(folder.file("copy.json")), left);
}

TEST(CopyResume, a_dry_run_leaves_the_checkpoint_alone) { weir::test::run(dry_runs()); }

awaitable<void> no_place_for_it() {
  weir::test::register_faulty();
  faulty_data("n1")->fill(5);
  const ScratchFolder folder;
  const auto options = CopyOptions().checkpoint(folder.file("missing/copy.json"));
  co_await expect_refused("n1", Query(), "n2", options, errc::not_found, "missing/copy.json");
}

TEST(CopyResume, a_checkpoint_that_cannot_be_written_ends_the_copy) { weir::test::run(no_place_for_it()); }

awaitable<void> verify_later() {
  weir::test::register_faulty();
  const ScratchFolder folder;
  faulty_data("v1")->fill(50);
  faulty_data("v2")->records.emplace("r000002", Record().with_id("r000002"));
  auto options =
      CopyOptions().chunk(5).on_conflict(weir::OnConflict::insert).verify(true).checkpoint(folder.file("copy.json"));
  int rejected = 0;
  options.rejects([&rejected](const Record&, const Error&) { ++rejected; });
  co_await interrupted("v1", "v2", options);
  EXPECT_EQ(rejected, 1);
  const auto stats = co_await copy_named("v1", Query(), "v2", options);
  EXPECT_EQ(stats.rejected, 1U) << "remembered over the interruption, and left out of the verification";
  EXPECT_EQ(stats.written, 49U);
}

TEST(CopyResume, verification_knows_what_was_rejected_before) { weir::test::run(verify_later()); }

/// Ends a loop at the n-th call of one side without letting anything finish, as a kill would. False: there were fewer.
bool die_at(weir::test::FaultyData& side, std::uint64_t n, const CopyOptions& options) {
  boost::asio::io_context loop(1);
  bool reached = false;
  side.calls = 0;
  side.plan = [&](std::uint64_t call) {
    if (call != n) return Fault::none;
    reached = true;
    loop.stop();
    return Fault::hang;
  };
  std::exception_ptr failure;
  boost::asio::co_spawn(loop, copy_named("k1", Query(), "k2", options),
                        [&](std::exception_ptr error, weir::CopyStats) { failure = error; });
  loop.run();
  side.plan = nullptr;  // refers to what ends here
  EXPECT_EQ(failure, nullptr);
  return reached;
}

awaitable<void> copy_rest(CopyOptions options) {
  const auto stats = co_await copy_named("k1", Query(), "k2", std::move(options));
  EXPECT_EQ(stats.read, 40U);
}

TEST(CopyResume, the_loop_may_die_at_any_call) {
  weir::test::register_faulty();
  const auto source = faulty_data("k1");
  const auto target = faulty_data("k2");
  source->fill(40);
  for (const auto conflict : {weir::OnConflict::upsert, weir::OnConflict::insert})
    for (auto* side : {source.get(), target.get()})
      for (std::uint64_t n = 1;; ++n) {
        const ScratchFolder folder;
        target->records.clear();
        const auto options = CopyOptions().chunk(4).partitions(2).on_conflict(conflict).verify(true).checkpoint(
            folder.file("copy.json"));
        if (!die_at(*side, n, options)) break;
        weir::test::run(copy_rest(options));
        ASSERT_EQ(target->records.size(), source->records.size()) << "after call " << n;
        for (const auto& [id, record] : source->records) ASSERT_EQ(target->records.at(id).fields, record.fields) << id;
        EXPECT_EQ(folder.entries(), 0U);
      }
}

}  // namespace
