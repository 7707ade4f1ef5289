// Several loops and threads with one handle.

#include "conformance/suite.hpp"
#include "support/sanitizers.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <future>
#include <map>
#include <numeric>
#include <set>

namespace weir::conformance {

WEIR_RULES(Concurrency);

#define WEIR_NEEDS_ATOMIC_CONDITIONS()                                                                 \
  do {                                                                                                 \
    if (test.licences().racing_conditions) test.skip("the store's conditional writes are not atomic"); \
  } while (false)

namespace {

constexpr int threads = 4;

// The same coroutine on several loops, each on a thread of its own; gives what each gave.
template <class T, class Make>
std::vector<T> on_each_thread(Make make) {
  std::vector<std::unique_ptr<test::OnThread<T>>> running;
  for (int i = 0; i < threads; ++i)
    running.push_back(std::make_unique<test::OnThread<T>>([make, i] { return make(i); }));
  std::vector<T> results;
  for (auto& one : running) results.push_back(one->take());
  return results;
}

}  // namespace

WEIR_RULE(Concurrency, create_is_atomic, "create is atomic against concurrent writers, in the store itself: one wins") {
  WEIR_NEEDS_ATOMIC_CONDITIONS();
  constexpr int ids = 30;
  auto race = [](AsyncDatabase to, int who) -> awaitable<int> {
    int won = 0;
    for (int i = 0; i < ids; ++i) {
      Record one;
      one.id = std::to_string(100 + i);
      one.fields["who"] = who;
      const auto outcome = co_await outcome_of([&] { return to.create(one); });
      if (outcome.ok())
        ++won;
      else
        EXPECT_TRUE(test::fails_with(outcome, errc::already_exists));
    }
    co_return won;
  };
  const auto won = on_each_thread<int>([db, race](int who) { return race(db, who); });
  EXPECT_EQ(std::accumulate(won.begin(), won.end(), 0), ids);
  std::map<int, int> stored;
  for (const auto& one : co_await db.search(Query{})) ++stored[one.get<int>("who")];
  for (int who = 0; who < threads; ++who) EXPECT_EQ(stored[who], won[static_cast<std::size_t>(who)]);
}

WEIR_RULE(Concurrency, if_version_is_atomic,
          "if_version is atomic against concurrent writers, in the store itself: no update is lost") {
  WEIR_NEEDS_ATOMIC_CONDITIONS();
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await db.create(record("counter", R"({"n": 0})"));
  constexpr int each = 15;
  auto increment = [](AsyncDatabase to, int) -> awaitable<int> {
    int conflicts = 0;
    for (int done = 0; done < each;) {
      const auto now = co_await to.read("counter");
      Record next;
      next.fields["n"] = now->get<int>("n") + 1;
      WriteOptions options;
      options.if_version(now->version);
      const auto outcome = co_await outcome_of([&] { return to.update("counter", next, options); });
      if (outcome.ok()) {
        ++done;
      } else {
        EXPECT_TRUE(test::fails_with(outcome, errc::conflict));
        ++conflicts;
      }
    }
    co_return conflicts;
  };
  on_each_thread<int>([db, increment](int who) { return increment(db, who); });
  EXPECT_EQ((co_await db.read("counter"))->get<int>("n"), threads * each);
}

WEIR_RULE(Concurrency, remove_is_atomic, "remove gives true to exactly one of several callers") {
  WEIR_NEEDS_ATOMIC_CONDITIONS();
  constexpr int ids = 40;
  std::vector<Record> records;
  for (int i = 0; i < ids; ++i) records.push_back(record(std::to_string(100 + i)));
  co_await store(db, records);
  auto race = [](AsyncDatabase from, int) -> awaitable<int> {
    int removed = 0;
    for (int i = 0; i < ids; ++i) removed += co_await from.remove(std::to_string(100 + i)) ? 1 : 0;
    co_return removed;
  };
  const auto removed = on_each_thread<int>([db, race](int who) { return race(db, who); });
  EXPECT_EQ(std::accumulate(removed.begin(), removed.end(), 0), ids);
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Concurrency, patches_of_different_keys,
          "patches from several loops are merged one after another, none is lost") {
  WEIR_NEEDS_ATOMIC_CONDITIONS();
  co_await db.create(record("a"));
  constexpr int each = 10;
  auto patch = [](AsyncDatabase to, int who) -> awaitable<int> {
    for (int i = 0; i < each; ++i) {
      const auto key = "k" + std::to_string(who) + "_" + std::to_string(i);
      EXPECT_TRUE(co_await to.patch("a", object_of(key.c_str(), i)));
    }
    co_return 0;
  };
  on_each_thread<int>([db, patch](int who) { return patch(db, who); });
  EXPECT_EQ((co_await db.read("a"))->fields.size(), static_cast<std::size_t>(threads * each));
}

WEIR_RULE(Concurrency, versions_are_unique,
          "version changes with every write of that record: of concurrent writers too") {
  WEIR_NEEDS_ATOMIC_CONDITIONS();
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await db.create(record("a", R"({"n": 0})"));
  auto work = [](AsyncDatabase to, int who) -> awaitable<std::map<std::string, std::string>> {
    std::map<std::string, std::string> seen;  // version -> what was stored under it
    for (int i = 0; i < 20; ++i) {
      co_await to.upsert(record("a", "{\"n\": " + std::to_string(who * 1000 + i) + "}"));
      const auto now = co_await to.read("a");
      seen[now->version] = now->fields.dump();
    }
    co_return seen;
  };
  std::map<std::string, std::string> all;
  for (const auto& seen :
       on_each_thread<std::map<std::string, std::string>>([db, work](int who) { return work(db, who); }))
    for (const auto& [version, content] : seen) {
      const auto [at, fresh] = all.emplace(version, content);
      EXPECT_TRUE(fresh || at->second == content) << "one version, two contents";
    }
}

WEIR_RULE(Concurrency, many_coroutines_of_one_loop, "one loop, many coroutines at once with one handle") {
  constexpr int coroutines = 100;
  std::vector<test::Completion<std::string>> created(coroutines);
  const auto executor = co_await boost::asio::this_coro::executor;
  for (int i = 0; i < coroutines; ++i)
    test::start(executor, db.create(record(std::to_string(1000 + i))), created[static_cast<std::size_t>(i)]);
  while (!std::all_of(created.begin(), created.end(), [](const auto& one) { return one.done; }))
    co_await boost::asio::post(boost::asio::use_awaitable);
  for (auto& one : created) one.take();
  EXPECT_EQ(co_await db.count(), static_cast<std::uint64_t>(coroutines));
}

WEIR_RULE(Concurrency, one_loop_of_many_threads, "one io_context (or thread_pool) run by many threads") {
  boost::asio::thread_pool pool(threads);
  auto work = [](AsyncDatabase to, int who) -> awaitable<void> {
    for (int i = 0; i < 10; ++i) {
      const auto id = std::to_string(who) + "-" + std::to_string(i);
      co_await to.create(record(id, R"({"n": 1})"));
      EXPECT_TRUE(co_await to.exists(id));
      auto stream = to.stream(Query(field("n") == 1), StreamOptions{}.batch_size(5));
      while (co_await stream.next()) {
      }
    }
  };
  std::vector<std::promise<void>> ends(8);
  for (int i = 0; i < 8; ++i)
    boost::asio::co_spawn(pool, work(db, i), [&end = ends[static_cast<std::size_t>(i)]](std::exception_ptr error) {
      error ? end.set_exception(error) : end.set_value();
    });
  for (auto& end : ends) end.get_future().get();
  pool.join();
  EXPECT_EQ(co_await db.count(), 80u);
}

WEIR_RULE(Concurrency, batches_against_each_other, "atomic batches are all or nothing against concurrent ones") {
  if (!db.capabilities().atomic_batch) test.skip("no atomic batches");
  auto work = [](AsyncDatabase to, int who) -> awaitable<int> {
    int won = 0;
    for (int i = 0; i < 10; ++i) {
      std::vector<Record> records;
      for (int k = 0; k < 5; ++k) {
        Record one;
        one.id = std::to_string(i) + "-" + std::to_string(k);
        one.fields["who"] = who;
        records.push_back(std::move(one));
      }
      BatchOptions atomic;
      atomic.atomic(true);
      const auto outcome = co_await outcome_of([&] { return to.create_batch(records, atomic); });
      if (outcome.ok())
        ++won;
      else
        EXPECT_TRUE(test::fails_with(outcome, errc::already_exists));
    }
    co_return won;
  };
  const auto won = on_each_thread<int>([db, work](int who) { return work(db, who); });
  EXPECT_EQ(std::accumulate(won.begin(), won.end(), 0), 10);
  for (int i = 0; i < 10; ++i) {
    std::set<int> writers;
    for (const auto& one : co_await db.search(Query(weir::id().starts_with(std::to_string(i) + "-"))))
      writers.insert(one.get<int>("who"));
    EXPECT_EQ(writers.size(), 1u) << "a batch of two writers";
  }
}

}  // namespace weir::conformance
