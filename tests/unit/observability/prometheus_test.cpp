#include "observability/prometheus.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace {

using weir::metrics::Histogram;
using weir::metrics::Instrument;
using weir::metrics::Metric;
using weir::metrics::Point;
using weir::metrics::render_prometheus;

Metric metric(std::string name, std::string unit, Instrument instrument) {
  Metric out;
  out.name = std::move(name);
  out.unit = std::move(unit);
  out.description = "About it.";
  out.instrument = instrument;
  return out;
}

Point point(double value) {
  Point out;
  out.value = value;
  return out;
}

TEST(Prometheus, names_follow_instrument_and_unit) {
  struct Case {
    Metric metric;
    const char* expected;
  };
  const Case cases[] = {
      {metric("db.client.connection.count", "{connection}", Instrument::up_down_counter),
       "# HELP db_client_connection_count About it.\n# TYPE db_client_connection_count gauge\n"
       "db_client_connection_count 1\n"},
      {metric("db.client.connection.timeouts", "{timeout}", Instrument::counter),
       "# HELP db_client_connection_timeouts_total About it.\n# TYPE db_client_connection_timeouts_total counter\n"
       "db_client_connection_timeouts_total 1\n"},
      {metric("weir.pool.oldest_lease", "s", Instrument::gauge),
       "# HELP weir_pool_oldest_lease_seconds About it.\n# TYPE weir_pool_oldest_lease_seconds gauge\n"
       "weir_pool_oldest_lease_seconds 1\n"},
      {metric("weir.pool.memory", "By", Instrument::up_down_counter),
       "# HELP weir_pool_memory_bytes About it.\n# TYPE weir_pool_memory_bytes gauge\nweir_pool_memory_bytes 1\n"},
  };
  for (auto [input, expected] : cases) {
    input.points.push_back(point(1));
    EXPECT_EQ(render_prometheus({input}), expected);
  }
}

TEST(Prometheus, a_metric_without_points_is_left_out) {
  EXPECT_EQ(render_prometheus({metric("a", "s", Instrument::gauge)}), "");
}

TEST(Prometheus, values_of_labels_are_escaped) {
  auto input = metric("a", "", Instrument::gauge);
  input.description = "line\nand \\ and \"";
  auto labelled = point(0.5);
  labelled.attributes.emplace_back("db.namespace", "C:\\data\n\"x\"");
  labelled.attributes.emplace_back("0 odd", "\xc3\xa9");
  input.points.push_back(labelled);
  EXPECT_EQ(render_prometheus({input}),
            "# HELP a line\\nand \\\\ and \"\n# TYPE a gauge\n"
            "a{db_namespace=\"C:\\\\data\\n\\\"x\\\"\",_0_odd=\"\xc3\xa9\"} 0.5\n");
}

TEST(Prometheus, numbers_keep_their_value) {
  auto input = metric("a", "", Instrument::gauge);
  for (const double value : {0.1, 1e300, -3.0, std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    input.points.push_back(point(value));
  EXPECT_EQ(render_prometheus({input}),
            "# HELP a About it.\n# TYPE a gauge\na 0.1\na 1e+300\na -3\na +Inf\na -Inf\na NaN\n");
}

TEST(Prometheus, buckets_are_cumulative_and_end_with_infinity) {
  auto input = metric("db.client.operation.duration", "s", Instrument::histogram);
  Point bare;
  Histogram histogram;
  histogram.bounds = {0.001, 5};
  histogram.counts = {2, 1, 4};
  histogram.sum = 61.5;
  bare.histogram = histogram;
  auto labelled = bare;
  labelled.attributes.emplace_back("db.operation.name", "read");
  input.points = {bare, labelled};
  EXPECT_EQ(render_prometheus({input}),
            "# HELP db_client_operation_duration_seconds About it.\n"
            "# TYPE db_client_operation_duration_seconds histogram\n"
            "db_client_operation_duration_seconds_bucket{le=\"0.001\"} 2\n"
            "db_client_operation_duration_seconds_bucket{le=\"5\"} 3\n"
            "db_client_operation_duration_seconds_bucket{le=\"+Inf\"} 7\n"
            "db_client_operation_duration_seconds_sum 61.5\n"
            "db_client_operation_duration_seconds_count 7\n"
            "db_client_operation_duration_seconds_bucket{db_operation_name=\"read\",le=\"0.001\"} 2\n"
            "db_client_operation_duration_seconds_bucket{db_operation_name=\"read\",le=\"5\"} 3\n"
            "db_client_operation_duration_seconds_bucket{db_operation_name=\"read\",le=\"+Inf\"} 7\n"
            "db_client_operation_duration_seconds_sum{db_operation_name=\"read\"} 61.5\n"
            "db_client_operation_duration_seconds_count{db_operation_name=\"read\"} 7\n");
}

}  // namespace
