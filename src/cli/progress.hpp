#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace weir::cli {

/// Where a long job is.
struct Standing {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;      ///< 0 when the job does not count them
  std::optional<double> share;  ///< of the whole, 0 to 1
};

/// How fast a job is and how long it will take. Pure: the time is given.
class Pace {
 public:
  explicit Pace(std::chrono::steady_clock::time_point start) : start_(start), last_(start) {}
  void update(std::chrono::steady_clock::time_point now, const Standing& standing);

  double records_per_second() const { return records_rate_; }
  double bytes_per_second() const { return bytes_rate_; }
  std::optional<std::chrono::seconds> left() const { return left_; }
  const Standing& standing() const { return standing_; }

 private:
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
  Standing standing_;
  double records_rate_ = 0;
  double bytes_rate_ = 0;
  double share_rate_ = 0;
  std::optional<std::chrono::seconds> left_;
};

/// "[██████░░░░] 61%  610,000 records  85,000/s  12.3 MB/s  0:07 left", at most so many columns wide.
std::string progress_bar(const Pace& pace, std::size_t width);
/// "610,000 records, 61%, 85,000/s, 0:07 left": for a log.
std::string progress_line(const Pace& pace);

/// "1,234,567"
std::string grouped(std::uint64_t number);
/// "12.3 MB" in powers of 1000.
std::string bytes_text(double bytes);
/// "0:07", "1:02:03"
std::string clock_text(std::chrono::seconds time);
/// "850 ms", "12.3 s", "2:05 min"
std::string elapsed_text(std::chrono::nanoseconds time);

}  // namespace weir::cli
