#pragma once

/// @file
/// Counters and histograms of the whole process, named by the OpenTelemetry semantic conventions for databases.
/// docs/metrics.md lists them.

#include <weir/export.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// *Thread safety*: every function, from any thread. Reading stops nobody: each figure is exact, a set of them is not
/// one instant.
namespace weir::metrics {

/// The version of the semantic conventions that names and units follow.
inline constexpr std::string_view convention_version = "1.33.0";

/// Operations are measured only while this is on; it is off at first, and then costs one branch per operation.
/// Databases that touch nothing but memory (`Backend::immediate`) are measured when it was on as they were opened.
/// Pools count always, and are reported always.
WEIR_API void enable(bool on = true) noexcept;
WEIR_API bool enabled() noexcept;
/// Report every loop's pool by itself (the pool's name gets a `#` and a number) instead of their sum. Off at first.
WEIR_API void set_per_loop(bool on) noexcept;

enum class Instrument : std::uint8_t { counter, up_down_counter, gauge, histogram };

/// Names and values, in the order in which they are reported.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// A histogram with explicit upper ends; `counts` has one more entry, for what lies above the last.
struct Histogram {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
  double sum = 0;
  std::uint64_t count() const noexcept {
    std::uint64_t total = 0;
    for (const auto n : counts) total += n;
    return total;
  }
};

struct Point {
  Attributes attributes;
  double value = 0;                    ///< of a counter or gauge
  std::optional<Histogram> histogram;  ///< of a histogram
};

/// One instrument and what it shows now.
struct Metric {
  std::string name;  ///< "db.client.operation.duration"
  std::string unit;  ///< UCUM: "s", "By", "{connection}"
  std::string description;
  Instrument instrument{};
  std::vector<Point> points;
};

/// Everything as it stands: what an exporter needs.
WEIR_API std::vector<Metric> collect();
/// The same in the Prometheus text format 0.0.4 ("text/plain; version=0.0.4; charset=utf-8").
WEIR_API std::string prometheus();

}  // namespace weir::metrics
