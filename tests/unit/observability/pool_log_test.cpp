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

TEST(PoolLog, pools_build_the_events_that_the_level_asks_for) {
  const auto wanted = [](PoolEventKind kind) {
    return (log::WantedPoolEvents().now() & weir::detail::mask_of(kind)) != 0;
  };
  log::set_level("pool", log::Level::warning);
  EXPECT_TRUE(wanted(PoolEventKind::lease_warning));
  EXPECT_FALSE(wanted(PoolEventKind::pool_cleared));
  log::set_levels("pool=info");
  EXPECT_TRUE(wanted(PoolEventKind::pool_cleared));
  EXPECT_FALSE(wanted(PoolEventKind::acquired));
  log::set_level("*", log::Level::off);
  EXPECT_EQ(log::WantedPoolEvents().now(), 0U);
  log::set_level("*", log::Level::warning);
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
