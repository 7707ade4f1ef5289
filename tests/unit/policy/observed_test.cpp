// What the layers tell: metrics, the slow-operation log, the log of retries.
#include "policy/layers.hpp"
#include "unit/policy/layered_store.hpp"

#include <weir/log.hpp>
#include <weir/metrics.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using weir::awaitable;
using weir::Backend;
using weir::CallContext;
using weir::errc;
using weir::Query;
using weir::test::record_of;
using weir::test::run_with;
using weir::test::Step;
using Kind = Step::Kind;

class Observed : public weir::test::LayeredStore {
 protected:
  Observed() {
    weir::log::set_sink([this](const weir::log::Message& message) {
      lines.push_back(std::string(message.component) + ": " + std::string(message.text));
    });
  }
  ~Observed() override {
    weir::metrics::enable(false);
    weir::log::set_slow_operation(0ms);
    weir::log::set_level("*", weir::log::Level::warning);
    weir::log::set_sink({});
  }
  std::shared_ptr<Backend> wrapped(const std::string& name) { return LayeredStore::wrapped("?table=" + name); }

  std::vector<std::string> lines;
};

awaitable<bool> search_and_read(std::shared_ptr<Backend> store) {
  co_await store->search(CallContext(), Query());
  co_await store->read(CallContext(), "a");
  co_return true;
}

TEST_F(Observed, operations_are_measured_when_asked_for) {
  backend->records.emplace("a", record_of("a", 1));
  run_with(clock, search_and_read(wrapped("unmeasured")));
  weir::metrics::enable();
  backend->script = {Step(Kind::fail)};
  const auto measured = wrapped("measured");
  run_with(clock, search_and_read(measured));
  const auto text = weir::metrics::prometheus();
  EXPECT_THAT(text, Not(HasSubstr("\"unmeasured\",db_operation_name")));
  const std::string labels = "{db_system_name=\"scripted\",db_collection_name=\"measured\"";
  EXPECT_THAT(text,
              HasSubstr("db_client_operation_duration_seconds_count" + labels + ",db_operation_name=\"search\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("db_client_operation_duration_seconds_count" + labels + ",db_operation_name=\"read\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("db_client_response_returned_rows_sum" + labels + ",db_operation_name=\"search\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_retry_attempts_total" + labels + ",outcome=\"retry\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("weir_retry_budget" + labels + "} "));
}

TEST_F(Observed, so_are_those_of_a_store_that_needs_no_help) {
  backend->knows_deadlines = true;
  backend->repeats = true;
  const auto store = wrapped("self_sufficient");
  run_with(clock, search_and_read(store));
  weir::metrics::enable();
  run_with(clock, search_and_read(store));
  EXPECT_THAT(weir::metrics::prometheus(),
              HasSubstr("db_client_operation_duration_seconds_count{db_system_name=\"scripted\",db_collection_name="
                        "\"self_sufficient\",db_operation_name=\"read\"} 1\n"));
}

awaitable<bool> failing_read(std::shared_ptr<Backend> store, CallContext context) {
  try {
    co_await store->read(std::move(context), "a");
  } catch (const weir::Error&) {
    co_return true;
  }
  co_return false;
}

TEST_F(Observed, failures_are_counted_by_type) {
  weir::metrics::enable();
  backend->script = {Step(Kind::fail, errc::permission_denied)};
  run_with(clock, failing_read(wrapped("failing"), {}));
  EXPECT_THAT(weir::metrics::prometheus(),
              HasSubstr("db_client_operation_duration_seconds_count{db_system_name=\"scripted\",db_collection_name="
                        "\"failing\",db_operation_name=\"read\",error_type=\"permission_denied\"} 1\n"));
}

TEST_F(Observed, slow_operations_are_logged_with_tag_and_attempts) {
  weir::log::set_slow_operation(500ms);
  run_with(clock, search_and_read(wrapped("slow")));
  EXPECT_TRUE(lines.empty());
  backend->script = {Step(weir::Error(errc::throttled, "later", weir::ErrorContext().retry_after(2000ms))),
                     Step(Kind::fail, errc::permission_denied)};
  CallContext context;
  context.tag = "checkout";
  run_with(clock, failing_read(wrapped("slow"), context));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], testing::StartsWith("operation: scripted: read took 2."));
  EXPECT_THAT(lines[0], HasSubstr(" in 2 attempts, tag checkout, and failed: "));
}

TEST_F(Observed, retries_are_logged_at_level_info) {
  weir::log::set_level("policy", weir::log::Level::info);
  backend->script = {Step(Kind::fail)};
  run_with(clock, failing_read(wrapped("retried"), {}));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], testing::StartsWith("policy: scripted: read again in "));
}

}  // namespace
