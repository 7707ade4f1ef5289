#include "cli/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace weir::cli {
namespace {

// The rate follows changes within some seconds and does not jump from chunk to chunk.
constexpr double smoothing_seconds = 3;
constexpr double longest_estimate = 100 * 3600;

std::string decimal(double value, int digits) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::uint64_t rounded(double value) { return static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))); }

std::string percent(double share) { return std::to_string(static_cast<int>(std::clamp(share, 0.0, 1.0) * 100)) + "%"; }

}  // namespace

std::string grouped(std::uint64_t number) {
  auto text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string bytes_text(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.95 && unit + 1 < units.size(); ++unit) bytes /= 1000;
  return decimal(bytes, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string clock_text(std::chrono::seconds time) {
  const auto all = time.count();
  const auto two = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (all < 3600) return std::to_string(all / 60) + ":" + two(all % 60);
  return std::to_string(all / 3600) + ":" + two(all / 60 % 60) + ":" + two(all % 60);
}

std::string elapsed_text(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (seconds < 1) return decimal(seconds * 1000, seconds < 0.01 ? 1 : 0) + " ms";
  if (seconds < 120) return decimal(seconds, 1) + " s";
  return clock_text(std::chrono::duration_cast<std::chrono::seconds>(time)) + (seconds < 3600 ? " min" : " h");
}

void Pace::update(std::chrono::steady_clock::time_point now, const Standing& standing) {
  const double passed = std::chrono::duration<double>(now - last_).count();
  if (passed > 0) {
    // A second pass over the same records begins to count anew.
    const auto grown = [](std::uint64_t now_at, std::uint64_t before) {
      return now_at > before ? static_cast<double>(now_at - before) : 0.0;
    };
    const double records = grown(standing.records, standing_.records) / passed;
    const double bytes = grown(standing.bytes, standing_.bytes) / passed;
    const double share = (standing.share.value_or(0) - standing_.share.value_or(0)) / passed;
    const bool first = last_ == start_;
    const double weight = first ? 1 : 1 - std::exp(-passed / smoothing_seconds);
    records_rate_ += weight * (records - records_rate_);
    bytes_rate_ += weight * (bytes - bytes_rate_);
    share_rate_ += weight * (share - share_rate_);
    last_ = now;
  }
  standing_ = standing;
  left_.reset();
  if (standing_.share && share_rate_ > 0) {
    const double seconds = (1 - std::min(*standing_.share, 1.0)) / share_rate_;
    if (seconds < longest_estimate) left_ = std::chrono::seconds(rounded(seconds));
  }
}

std::string progress_line(const Pace& pace) {
  std::string text = grouped(pace.standing().records) + " records";
  if (pace.standing().share) text += ", " + percent(*pace.standing().share);
  text += ", " + grouped(rounded(pace.records_per_second())) + "/s";
  if (pace.standing().bytes > 0) text += ", " + bytes_text(pace.bytes_per_second()) + "/s";
  if (pace.left()) text += ", " + clock_text(*pace.left()) + " left";
  return text;
}

std::string progress_bar(const Pace& pace, std::size_t width) {
  std::vector<std::string> parts{grouped(pace.standing().records) + " records",
                                 grouped(rounded(pace.records_per_second())) + "/s"};
  if (pace.standing().bytes > 0) parts.push_back(bytes_text(pace.bytes_per_second()) + "/s");
  if (pace.left()) parts.push_back(clock_text(*pace.left()) + " left");
  std::string text;
  if (pace.standing().share && width >= 4) text = percent(*pace.standing().share);
  std::size_t columns = text.size();
  for (const auto& part : parts) {
    const std::size_t gap = text.empty() ? 0 : 2;
    if (columns + gap + part.size() > width) break;
    text += std::string(gap, ' ') + part;
    columns += gap + part.size();
  }
  constexpr std::size_t least_bar = 10;
  constexpr std::size_t most_bar = 30;
  if (!pace.standing().share || columns + least_bar + 3 > width) return text;
  const auto cells = std::min(most_bar, width - columns - 3);
  const auto done = static_cast<std::size_t>(std::clamp(*pace.standing().share, 0.0, 1.0) * static_cast<double>(cells));
  std::string bar = "[";
  for (std::size_t i = 0; i < cells; ++i) bar += i < done ? "\xE2\x96\x88" : "\xE2\x96\x91";  // █ ░
  return bar + "] " + text;
}

}  // namespace weir::cli
