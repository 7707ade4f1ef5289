#pragma once

/// @file
/// What weir writes to a log, how much of it, and where to.

#include <weir/export.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Every part of the library writes under a component: `pool`, `policy`, `operation` (the slow-operation log), and
/// the name of each backend. Each has a level of its own; what is below it costs one branch. Texts hold neither
/// secrets nor the user's data; control characters in them are escaped, so that one message is one line.
///
/// *Thread safety*: every function, from any thread.
namespace weir::log {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };
WEIR_API std::string_view to_string(Level level) noexcept;

/// One message, valid during the call of the sink only.
struct Message {
  Level level{};
  std::string_view component;
  std::string_view text;
  std::chrono::system_clock::time_point time;
};

/// Takes messages, from any thread, several at a time: it has to lock where it must. What it throws is swallowed.
/// It must not call weir.
using Sink = std::function<void(const Message&)>;

/// From now on the component writes messages of this level and above; `"*"` means every component, also those that
/// are not there yet. Everything starts with `warning`. Of a pool's events that is what needs somebody's eye: slow
/// acquires, leases held longer than `lease_warning`, back-off, endpoints left alone; `trace` tells all of them.
WEIR_API void set_level(std::string_view component, Level level);
/// The same with a name: "trace", "debug", "info", "warning", "error", "off"; others are `invalid_argument`.
WEIR_API void set_level(std::string_view component, std::string_view level);
/// Several at once, as one would write them into a configuration: "*=error,pool=debug". A text that is wrong somewhere
/// (`invalid_argument`) changes nothing.
WEIR_API void set_levels(std::string_view levels);
WEIR_API Level level(std::string_view component);
/// The components known so far, sorted.
WEIR_API std::vector<std::string> components();

/// Where messages go. An empty function restores the default: spdlog, coloured, to the standard error stream. A message
/// that is being written at this moment may still reach the former sink.
WEIR_API void set_sink(Sink sink);

/// Operations that take at least this long are logged as warnings by the component `operation`, with backend, name,
/// duration, attempts and CallOptions::tag. Zero (the default) switches it off.
WEIR_API void set_slow_operation(std::chrono::milliseconds threshold);
WEIR_API std::chrono::milliseconds slow_operation() noexcept;

}  // namespace weir::log
