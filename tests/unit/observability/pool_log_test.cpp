#include "observability/pool_log.hpp"

#include "pool/listeners.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
namespace log = weir::log;
using testing::ElementsAre;
using weir::PoolEvent;
using weir::PoolEventKind;

TEST(PoolLog, warnings_are_wanted_at_first_and_checkouts_are_not) {
  EXPECT_TRUE(log::wants(PoolEventKind::lease_warning));
  EXPECT_TRUE(log::wants(PoolEventKind::slow_acquire));
  EXPECT_FALSE(log::wants(PoolEventKind::connection_created));
  EXPECT_FALSE(log::wants(PoolEventKind::acquired));
  log::set_level("pool", log::Level::trace);
  EXPECT_TRUE(log::wants(PoolEventKind::acquired));
  log::set_level("*", log::Level::warning);
}

TEST(PoolLog, names_pool_connection_operation_and_age) {
  PoolEvent event;
  event.kind = PoolEventKind::lease_warning;
  event.pool = "db1:5432/people";
  event.endpoint = "db1:5432";
  event.connection_id = 7;
  event.operation = "search people";
  event.duration = 61s;
  std::vector<std::string> lines;
  log::set_sink([&](const log::Message& message) { lines.emplace_back(message.text); });
  log::write(event);
  log::set_sink({});
  EXPECT_THAT(lines, ElementsAre("db1:5432/people: lease_warning, connection 7, search people, 61.00 s"));
}

TEST(PoolLog, pools_are_followed_once_a_level_was_set) {
  auto& listeners = weir::detail::Listeners::instance();
  log::follow_pools(false);
  const auto before = listeners.snapshot()->size();
  log::set_level("policy", log::Level::debug);
  EXPECT_EQ(listeners.snapshot()->size(), before);
  log::set_level("pool", log::Level::warning);
  log::set_levels("pool=info");
  ASSERT_EQ(listeners.snapshot()->size(), before + 1) << "once";
  std::vector<std::string> lines;
  log::set_sink([&](const log::Message& message) { lines.emplace_back(message.text); });
  PoolEvent event;
  event.pool = "p";
  event.kind = PoolEventKind::pool_cleared;
  listeners.snapshot()->back()->on_event(event);
  event.kind = PoolEventKind::acquired;
  listeners.snapshot()->back()->on_event(event);
  log::set_sink({});
  EXPECT_THAT(lines, ElementsAre("p: pool_cleared"));
  log::set_level("*", log::Level::error);
  EXPECT_EQ(listeners.snapshot()->size(), before);
  log::set_level("*", log::Level::warning);
  log::follow_pools(false);
}

TEST(PoolLog, says_why) {
  PoolEvent event;
  event.kind = PoolEventKind::backoff_started;
  event.endpoint = "db2:5432";
  event.duration = 50ms;
  event.error = weir::Error(weir::errc::connect_failed, "refused");
  EXPECT_EQ(log::describe(event), "db2:5432: backoff_started, 50.0 ms: refused");
  event = PoolEvent();
  event.kind = PoolEventKind::connection_closed;
  event.pool = "p";
  event.reason = weir::CloseReason::idle;
  EXPECT_EQ(log::describe(event), "p: connection_closed, idle");
}

}  // namespace
