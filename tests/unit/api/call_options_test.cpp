// What a handle made by `with` says about a call reaches the store, whatever the operation.

#include "support/outcome.hpp"
#include "support/run.hpp"

#include <weir/backend.hpp>
#include <weir/database.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The contexts of the calls, by operation.
using Seen = std::multimap<std::string, CallContext>;

class RecordingTransaction final : public BackendTransaction {
 public:
  explicit RecordingTransaction(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}
  awaitable<std::optional<Record>> read(CallContext context, std::string) override {
    seen_->emplace("tx.read", context);
    co_return std::nullopt;
  }
  awaitable<bool> write(CallContext context, WriteKind, Record, WriteOptions) override {
    seen_->emplace("tx.write", context);
    co_return true;
  }
  RecordStream scan(CallContext context, Query, StreamOptions) override {
    seen_->emplace("tx.scan", context);
    return RecordStream::from(std::vector<Record>());
  }
  awaitable<void> commit(CallContext context) override {
    seen_->emplace("tx.commit", context);
    co_return;
  }
  awaitable<void> rollback(CallContext context) override {
    seen_->emplace("tx.rollback", context);
    co_return;
  }

 private:
  std::shared_ptr<Seen> seen_;
};

/// Answers everything with nothing; fails a number of times before that.
class RecordingBackend final : public Backend {
 public:
  RecordingBackend(std::shared_ptr<Seen> seen, std::shared_ptr<unsigned> failures)
      : seen_(std::move(seen)), failures_(std::move(failures)) {}

  Capabilities capabilities() const override {
    Capabilities can;
    can.transactions = true;
    return can;
  }
  awaitable<std::optional<Record>> read(CallContext context, std::string) override {
    meet("read", context);
    co_return std::nullopt;
  }
  awaitable<bool> write(CallContext context, WriteKind, Record, WriteOptions) override {
    meet("write", context);
    co_return true;
  }
  RecordStream scan(CallContext context, Query, StreamOptions) override {
    meet("scan", context);
    return RecordStream::from(std::vector<Record>());
  }
  awaitable<Health> ping(CallContext context) override {
    meet("ping", context);
    Health health;
    health.reachable = true;
    co_return health;
  }
  awaitable<std::uint64_t> count(CallContext context, Query) override {
    meet("count", context);
    co_return 0;
  }
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override {
    meet("read_batch", context);
    co_return std::vector<std::optional<Record>>(ids.size());
  }
  awaitable<BatchResult> write_batch(CallContext context, WriteKind, std::vector<Record> records,
                                     BatchOptions) override {
    meet("write_batch", context);
    BatchResult result;
    for (const auto& record : records) result.ids.push_back(record.id);
    co_return result;
  }
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions) override {
    meet("begin", context);
    co_return std::make_shared<RecordingTransaction>(seen_);
  }

 private:
  void meet(const char* operation, const CallContext& context) {
    seen_->emplace(operation, context);
    if (*failures_ == 0) return;
    --*failures_;
    throw Error(errc::unavailable, "not now", {}, true);
  }

  std::shared_ptr<Seen> seen_;
  std::shared_ptr<unsigned> failures_;
};

class CallOptionsTest : public testing::Test {
 protected:
  CallOptionsTest() {
    register_backend("recording", [seen = seen_, failures = failures_](Config) {
      return make(std::make_shared<RecordingBackend>(seen, failures));
    });
  }
  static awaitable<std::shared_ptr<Backend>> make(std::shared_ptr<Backend> backend) { co_return backend; }

  std::size_t calls(const std::string& operation) const { return seen_->count(operation); }

  const std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  const std::shared_ptr<unsigned> failures_ = std::make_shared<unsigned>(0);
};

awaitable<void> everything(AsyncDatabase db) {
  co_await db.ping();
  co_await db.read("a");
  co_await db.exists("a");
  Record record;
  record.id = "a";
  co_await db.create(record);
  co_await db.upsert(record);
  co_await db.update("a", record);
  Json patch = Json::object();
  patch["x"] = 1;
  co_await db.patch("a", patch);
  co_await db.remove("a");
  co_await db.search(Query{});
  co_await db.count();
  auto stream = db.stream();
  co_await stream.next();
  const std::vector<Record> records{record};
  co_await db.create_batch(records);
  co_await db.upsert_batch(records);
  const std::vector<std::string> ids{"a"};
  co_await db.read_batch(ids);
  co_await db.remove_batch(ids);
  auto source = RecordStream::from(records);
  co_await db.write(std::move(source));
  co_await db.remove_where(Query{});
  co_await db.patch_where(Query{}, patch);
  {
    auto tx = co_await db.begin();
    co_await tx.read("a");
    co_await tx.create(record);
    co_await tx.search(Query{});
    auto inside = tx.stream();
    co_await inside.next();
    co_await tx.commit();
  }
  {
    auto tx = co_await db.begin();
    co_await tx.rollback();
  }
  auto body = [](Transaction& tx) -> awaitable<void> { co_await tx.exists("a"); };
  co_await db.transact(body);
}

awaitable<void> everything_with(CallOptions options) {
  const auto database = co_await AsyncDatabase::open("recording:");
  co_await everything(database.with(std::move(options)));
}

TEST_F(CallOptionsTest, reach_every_operation) {
  auto options = CallOptions{}.retry(RetryOptions{}.max_attempts(7).base(3ms)).tag("report").timeout(17s);
  test::run(everything_with(options));
  for (const auto* operation : {"ping", "read", "write", "scan", "count", "read_batch", "write_batch", "begin",
                                "tx.read", "tx.write", "tx.scan", "tx.commit", "tx.rollback"})
    EXPECT_GE(calls(operation), 1U) << operation;
  for (const auto& [operation, context] : *seen_) {
    SCOPED_TRACE(operation);
    EXPECT_EQ(context.tag, "report");
    EXPECT_EQ(context.timeout, 17s);
    EXPECT_NE(context.deadline, std::chrono::steady_clock::time_point::max());
    ASSERT_TRUE(context.retry.has_value());
    // What must not be done twice is called with retrying switched off: ping, and the walks of *_where.
    if (context.retry->max_attempts() == 1 && (operation == "ping" || operation == "scan" || operation == "write"))
      continue;
    EXPECT_EQ(context.retry->max_attempts(), 7U);
    EXPECT_EQ(context.retry->base(), 3ms);
  }
}

awaitable<void> read_one(CallOptions options) {
  const auto database = co_await AsyncDatabase::open("recording:?retry.max_attempts=2&retry.base=1&retry.max=2000");
  co_await database.with(std::move(options)).read("a");
}

TEST_F(CallOptionsTest, say_how_often_a_call_is_made) {
  const auto attempts = [this](CallOptions options) {
    seen_->clear();
    *failures_ = 100;
    const auto outcome = test::outcome_now([&] { test::run(read_one(std::move(options))); });
    EXPECT_TRUE(test::fails_with(outcome, errc::unavailable));
    return calls("read");
  };
  EXPECT_EQ(attempts(CallOptions{}), 2U) << "the option of the database";
  EXPECT_EQ(attempts(CallOptions{}.retry(RetryOptions{}.max_attempts(4).base(1ms))), 4U);
  EXPECT_EQ(attempts(CallOptions{}.retry(RetryOptions{}.max_attempts(1))), 1U);
  EXPECT_EQ(attempts(CallOptions{}.retry(RetryOptions{}.max_attempts(4).reads(false))), 1U);
}

awaitable<void> read_with_twice(std::shared_ptr<unsigned> failures) {
  const auto database = co_await AsyncDatabase::open("recording:?retry.base=1");
  const auto patient = database.with(CallOptions{}.retry(RetryOptions{}.max_attempts(5).base(1ms)));
  *failures = 4;
  co_await patient.with(CallOptions{}.tag("x")).read("a");  // the retrying of the handle it was made of
}

TEST_F(CallOptionsTest, of_a_handle_hold_for_handles_made_of_it) {
  test::run(read_with_twice(failures_));
  EXPECT_EQ(calls("read"), 5U);
  for (const auto& [operation, context] : *seen_) EXPECT_EQ(context.tag, "x");
}

}  // namespace
}  // namespace weir
