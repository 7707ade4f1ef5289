// When a body comes too slowly: stretches of waiting, what they bring, and what does not count.
#include "net/speed_guard.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::net {
namespace {

using namespace std::chrono_literals;
using TimePoint = SpeedGuard::TimePoint;

const TimePoint start = TimePoint{} + 1000s;

struct Piece {
  std::chrono::milliseconds waited;
  std::uint64_t bytes;
  std::chrono::milliseconds paused{0};  ///< by the reader, before it asks for more
};

// When the guard gives up, counted from the start; none: it never does.
std::optional<std::chrono::milliseconds> given_up(SpeedGuard guard, const std::vector<Piece>& pieces) {
  auto now = start;
  for (const auto& piece : pieces) {
    const auto until = guard.waits(now);
    if (now + piece.waited >= until) {
      EXPECT_TRUE(guard.too_slow(until));
      EXPECT_FALSE(guard.too_slow(until - 1ms));
      return std::chrono::duration_cast<std::chrono::milliseconds>(until - start);
    }
    now += piece.waited;
    guard.came(piece.bytes, now);
    EXPECT_FALSE(guard.too_slow(now));
    now += piece.paused;
  }
  return std::nullopt;
}

std::vector<Piece> often(int count, Piece piece) { return std::vector<Piece>(static_cast<std::size_t>(count), piece); }

TEST(SpeedGuard, TooSlowAndFastEnough) {
  struct Case {
    const char* name;
    std::vector<Piece> pieces;
    std::optional<std::chrono::milliseconds> end;
  };
  for (const auto& c : {
           Case{"nothing at all", {{1h, 1}}, 10s},
           Case{"a byte each second", often(1000, {1s, 1}), 10s},
           Case{"99 bytes a second", often(1000, {1s, 99}), 10s},
           Case{"exactly the limit is enough", often(1000, {499ms, 50}), std::nullopt},
           Case{"far more", often(1000, {10ms, 100'000}), std::nullopt},
           Case{"in one gulp, each time just before the end", often(100, {9999ms, 1000}), std::nullopt},
           Case{"what came in haste is no credit", {{1s, 1'000'000}, {1h, 1}}, 11s},
           Case{"a slow reader is no slow server", often(1000, {1ms, 1, 1min}), std::nullopt},
           Case{"but the waiting between adds up", often(100'000, {1ms, 0, 1min}), 10s + 9999min},
           Case{"a stretch that was good begins anew", {{9s, 999}, {999ms, 1}, {9s, 0}, {999ms, 1000}}, std::nullopt},
           Case{"and one that was not does not", {{9s, 999}, {2s, 1000}}, 10s},
       })
    EXPECT_EQ(given_up(SpeedGuard(100, 10s), c.pieces), c.end) << c.name;
}

TEST(SpeedGuard, OffAndAtItsEdges) {
  for (const auto& off : {SpeedGuard(), SpeedGuard(0, 10s), SpeedGuard(100, 0ms)}) {
    EXPECT_FALSE(off.active());
    EXPECT_FALSE(off.too_slow(start));
  }
  EXPECT_EQ(given_up(SpeedGuard(1, 100ms), {{1s, 1}}), 100ms);  // a tenth of a byte is one
  EXPECT_EQ(given_up(SpeedGuard(1, 100ms), often(99, {99ms, 1})), std::nullopt);
  EXPECT_EQ(given_up(SpeedGuard(~std::uint64_t{0}, 1h), {{30min, 1'000'000'000}, {31min, 1}}),
            60min);  // nothing overflows
}

}  // namespace
}  // namespace weir::net
