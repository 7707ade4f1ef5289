#include "observability/operation_metrics.hpp"

#include "observability/settings.hpp"

#include <weir/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace {

using namespace std::chrono_literals;
using weir::errc;
using weir::Error;
using weir::ErrorContext;
using weir::metrics::Attributes;
using weir::metrics::DatabaseLabels;
using weir::metrics::DatabaseMetrics;
using weir::metrics::Metric;
using weir::metrics::Operation;

std::vector<Metric> read(const DatabaseMetrics& database) {
  auto metrics = weir::metrics::operation_instruments();
  database.append(metrics);
  return metrics;
}

DatabaseLabels labels(const std::string& collection) {
  DatabaseLabels out;
  out.system = "postgresql";
  out.collection = collection;
  return out;
}

TEST(OperationMetrics, every_operation_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < weir::metrics::operation_count; ++i) {
    const auto name = to_string(static_cast<Operation>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(Operation::batch_create), "BATCH create");
  EXPECT_EQ(to_string(Operation::ping), "ping");
}

TEST(OperationMetrics, successes_go_into_the_buckets_of_the_convention) {
  DatabaseMetrics database(labels("people"));
  database.succeeded(Operation::read, 1ms);
  database.succeeded(Operation::read, 1ms + 1ns);
  database.succeeded(Operation::read, 20s);
  const auto metrics = read(database);
  ASSERT_EQ(metrics[0].name, "db.client.operation.duration");
  ASSERT_EQ(metrics[0].points.size(), 1U);
  const auto& point = metrics[0].points[0];
  EXPECT_EQ(
      point.attributes,
      (Attributes{{"db.system.name", "postgresql"}, {"db.collection.name", "people"}, {"db.operation.name", "read"}}));
  EXPECT_EQ(point.histogram->bounds, (std::vector<double>{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}));
  EXPECT_EQ(point.histogram->counts, (std::vector<std::uint64_t>{1, 1, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_NEAR(point.histogram->sum, 20.002, 1e-8);
}

TEST(OperationMetrics, failures_are_counted_by_type_and_status) {
  DatabaseMetrics database(labels("people"));
  database.failed(Operation::create, 2ms, Error(errc::already_exists, "x", ErrorContext{}.server_code("23505")));
  database.failed(Operation::create, 2ms, Error(errc::timeout, "x"));
  database.failed(Operation::create, 2ms, Error(errc::timeout, "y"));
  const auto metrics = read(database);
  ASSERT_EQ(metrics[0].points.size(), 2U);
  for (const auto& point : metrics[0].points) {
    const auto type = std::find_if(point.attributes.begin(), point.attributes.end(),
                                   [](const auto& a) { return a.first == "error.type"; });
    ASSERT_NE(type, point.attributes.end());
    const bool timeout = type->second == "timeout";
    EXPECT_EQ(point.histogram->count(), timeout ? 2U : 1U);
    EXPECT_EQ(point.attributes.back(), timeout ? Attributes::value_type("error.type", "timeout")
                                               : Attributes::value_type("db.response.status_code", "23505"));
  }
}

TEST(OperationMetrics, strange_status_codes_do_not_fill_the_memory) {
  DatabaseMetrics database(labels("people"));
  for (int i = 0; i < 5000; ++i)
    database.failed(Operation::read, 1ms,
                    Error(errc::server_error, "x", ErrorContext{}.server_code(std::to_string(i))));
  const auto metrics = read(database);
  EXPECT_LE(metrics[0].points.size(), 257U);
  std::uint64_t total = 0;
  for (const auto& point : metrics[0].points) total += point.histogram->count();
  EXPECT_EQ(total, 5000U) << "none is lost";
}

TEST(OperationMetrics, rows_attempts_and_budget) {
  DatabaseMetrics database(labels("people"));
  database.returned_rows(Operation::search, 3);
  database.attempt_failed("retry");
  database.attempt_failed("retry");
  database.attempt_failed("budget_empty");
  database.budget([] { return 486.0; });
  const auto metrics = read(database);
  EXPECT_EQ(metrics[1].name, "db.client.response.returned_rows");
  EXPECT_EQ(metrics[1].unit, "{row}");
  EXPECT_EQ(metrics[1].points.at(0).histogram->counts.at(2), 1U);
  EXPECT_EQ(metrics[2].points.size(), 2U);
  EXPECT_EQ(database.attempts_failed("retry"), 2U);
  EXPECT_EQ(metrics[3].points.at(0).value, 486.0);
}

TEST(OperationMetrics, one_set_of_labels_is_one_set_of_figures) {
  const auto a = DatabaseMetrics::of(labels("shared by two handles"));
  const auto b = DatabaseMetrics::of(labels("shared by two handles"));
  const auto c = DatabaseMetrics::of(labels("another"));
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(OperationMetrics, threads_lose_no_count) {
  DatabaseMetrics database(labels("people"));
  constexpr int threads = 12;  // more than there are shards
  std::latch together(threads);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&] {
        together.arrive_and_wait();
        for (int n = 0; n < 5000; ++n) database.succeeded(Operation::read, 3ms);
      });
  }
  const auto metrics = read(database);
  EXPECT_EQ(metrics[0].points.at(0).histogram->count(), 60000U);
  EXPECT_NEAR(metrics[0].points.at(0).histogram->sum, 180.0, 1e-6);
}

TEST(OperationMetrics, server_address_and_port) {
  struct Case {
    const char* endpoint;
    const char* address;
    const char* port;
  };
  for (const auto& [endpoint, address, port] : {Case{"db1:5432", "db1", "5432"},
                                                {"db1:5432,db2:5433", "db1", "5432"},
                                                {"[::1]:5432", "::1", "5432"},
                                                {"[::1]", "::1", ""},
                                                {"fe80::1", "fe80::1", ""},
                                                {"db1", "db1", ""},
                                                {"/run/socket:1", "/run/socket:1", ""},
                                                {"", "", ""}}) {
    DatabaseLabels out;
    set_server(out, endpoint);
    EXPECT_EQ(out.server_address, address) << endpoint;
    EXPECT_EQ(out.server_port, port) << endpoint;
  }
}

TEST(OperationMetrics, system_names_are_those_of_the_convention) {
  EXPECT_EQ(weir::metrics::system_name("postgres"), "postgresql");
  EXPECT_EQ(weir::metrics::system_name("s3"), "aws.s3");
  EXPECT_EQ(weir::metrics::system_name("sqlite"), "sqlite");
  EXPECT_EQ(weir::metrics::system_name("somebody's own"), "somebody's own");
}

TEST(Observability, is_off_until_somebody_asks) {
  EXPECT_FALSE(weir::observability::any());
  weir::metrics::enable();
  EXPECT_TRUE(weir::metrics::enabled());
  EXPECT_TRUE(weir::observability::any());
  weir::log::set_slow_operation(250ms);
  EXPECT_EQ(weir::log::slow_operation(), 250ms);
  weir::metrics::enable(false);
  EXPECT_TRUE(weir::observability::any());
  weir::log::set_slow_operation(0ms);
  EXPECT_FALSE(weir::observability::any());
}

}  // namespace
