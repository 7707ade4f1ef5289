#include "observability/pool_metrics.hpp"

#include "observability/prometheus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using weir::metrics::NamedPool;

NamedPool sample() {
  NamedPool pool;
  pool.name = "db1:5432/people";
  pool.stats.max = 10;
  pool.stats.min = 2;
  pool.stats.max_idle = 8;
  pool.stats.idle = 3;
  pool.stats.used = 4;
  pool.stats.pending = 1;
  pool.stats.waiters = 7;
  pool.stats.timeouts = 5;
  pool.stats.closed[static_cast<std::size_t>(weir::CloseReason::lifetime)] = 9;
  pool.stats.connects_failed_by[static_cast<std::size_t>(weir::errc::connect_failed)] = 6;
  pool.stats.round_trip = 3ms;
  pool.stats.oldest_lease = 1500ms;
  pool.stats.wait_time.counts[1] = 2;
  pool.stats.wait_time.sum = 6ms;
  return pool;
}

TEST(PoolMetrics, say_what_the_statistics_say) {
  const auto text = render_prometheus(weir::metrics::pool_metrics({sample()}));
  const std::string pool = "{db_client_connection_pool_name=\"db1:5432/people\"";
  for (const auto& line : {
           "\ndb_client_connection_count" + pool + ",db_client_connection_state=\"idle\"} 3\n",
           "\ndb_client_connection_count" + pool + ",db_client_connection_state=\"used\"} 4\n",
           "\ndb_client_connection_count" + pool + ",db_client_connection_state=\"pending\"} 1\n",
           "\ndb_client_connection_max" + pool + "} 10\n",
           "\ndb_client_connection_idle_max" + pool + "} 8\n",
           "\ndb_client_connection_idle_min" + pool + "} 2\n",
           "\ndb_client_connection_pending_requests" + pool + "} 7\n",
           "\ndb_client_connection_timeouts_total" + pool + "} 5\n",
           "\ndb_client_connection_wait_time_seconds_bucket" + pool + ",le=\"0.005\"} 2\n",
           "\ndb_client_connection_wait_time_seconds_sum" + pool + "} 0.006\n",
           "\nweir_pool_connections_closed_total" + pool + ",reason=\"lifetime\"} 9\n",
           "\nweir_pool_connect_failures_total" + pool + ",error_type=\"connect_failed\"} 6\n",
           "\nweir_pool_round_trip_seconds" + pool + "} 0.003\n",
           "\nweir_pool_oldest_lease_seconds" + pool + "} 1.5\n",
       })
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(PoolMetrics, have_the_units_of_the_convention) {
  const std::map<std::string, std::string> expected{{"db.client.connection.count", "{connection}"},
                                                    {"db.client.connection.idle.max", "{connection}"},
                                                    {"db.client.connection.idle.min", "{connection}"},
                                                    {"db.client.connection.max", "{connection}"},
                                                    {"db.client.connection.pending_requests", "{request}"},
                                                    {"db.client.connection.timeouts", "{timeout}"},
                                                    {"db.client.connection.create_time", "s"},
                                                    {"db.client.connection.wait_time", "s"},
                                                    {"db.client.connection.use_time", "s"}};
  std::map<std::string, std::string> found;
  for (const auto& metric : weir::metrics::pool_metrics({}))
    if (metric.name.starts_with("db.")) found[metric.name] = metric.unit;
  EXPECT_EQ(found, expected);
}

TEST(PoolMetrics, loops_are_added_up_or_told_apart) {
  std::vector<weir::PoolInfo> pools(3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    pools[i].key = "db1:5432/people";
    pools[i].digest = 5;
    pools[i].loop = i + 1;
    pools[i].stats.used = 10 + i;
  }
  const auto summed = weir::metrics::named_pools(pools, false);
  ASSERT_EQ(summed.size(), 1U);
  EXPECT_EQ(summed[0].name, "db1:5432/people");
  EXPECT_EQ(summed[0].stats.used, 33U);
  const auto apart = weir::metrics::named_pools(pools, true);
  ASSERT_EQ(apart.size(), 3U);
  EXPECT_EQ(apart[2].name, "db1:5432/people#3");
  EXPECT_EQ(apart[2].stats.used, 12U);
  pools[2].digest = 9;
  const auto alike = weir::metrics::named_pools(pools, false);
  ASSERT_EQ(alike.size(), 2U) << "another password is another pool";
  EXPECT_EQ(alike[0].name, "db1:5432/people~1");
  EXPECT_EQ(alike[1].stats.used, 12U);
}

}  // namespace
