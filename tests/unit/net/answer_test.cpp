// Retry-After, Keep-Alive, statuses, and compression.
#include "net/answer_facts.hpp"
#include "net/gzip.hpp"
#include "net/headers_access.hpp"

#include <weir/http.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace weir::http {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, SecondsAndTheThreeFormsOfADate) {
  const auto now = *parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT");
  EXPECT_EQ(parse_retry_after("120", now), 120'000ms);
  EXPECT_EQ(parse_retry_after(" 0 ", now), 0ms);
  EXPECT_EQ(parse_retry_after("99999999999", now), 24h);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 37'000ms);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 37'000ms);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 37'000ms);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0ms);  // over already
  for (const char* text : {"", "soon", "-1", "1.5", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"})
    EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
}

TEST(KeepAliveField, TimeoutAndMax) {
  const auto both = parse_keep_alive("timeout=5, max=100");
  EXPECT_EQ(both.timeout, 5s);
  EXPECT_EQ(both.max, 100U);
  EXPECT_EQ(parse_keep_alive("Max = 3").max, 3U);
  const auto nothing = parse_keep_alive("timeout=, max=x, , foo");
  EXPECT_EQ(nothing.timeout, std::nullopt);
  EXPECT_EQ(nothing.max, std::nullopt);
}

TEST(StatusError, CodesAndTransience) {
  struct Case {
    int status;
    errc code;
    bool transient;
  };
  for (const auto& c :
       {Case{400, errc::invalid_argument, false}, Case{401, errc::authentication_failed, false},
        Case{403, errc::permission_denied, false}, Case{404, errc::not_found, false}, Case{409, errc::conflict, false},
        Case{412, errc::conflict, false}, Case{413, errc::too_large, false}, Case{429, errc::throttled, true},
        Case{502, errc::unavailable, true}, Case{503, errc::unavailable, true}, Case{504, errc::unavailable, true}}) {
    Response response;
    response.status = c.status;
    const auto error = status_error(response, "GET people", "host:1");
    EXPECT_EQ(error.kind(), c.code) << c.status;
    EXPECT_EQ(error.transient(), c.transient) << c.status;
    EXPECT_EQ(error.server_code(), std::to_string(c.status));
  }
  Response busy;
  busy.status = 503;
  busy.headers.add("Retry-After", "7");
  EXPECT_EQ(status_error(busy, "GET", "h").context().retry_after(), 7s);
}

std::string inflated(const std::string& packed, std::size_t in_piece, std::size_t out_piece, bool& ended,
                     bool& broken) {
  Inflater inflater;
  std::string out;
  std::string room(out_piece, '\0');
  ended = broken = false;
  for (std::size_t at = 0;;) {
    const auto piece = std::span<const char>(packed).subspan(at, std::min(in_piece, packed.size() - at));
    const auto step = inflater.run(piece, room);
    if (!step) {
      broken = true;
      return out;
    }
    at += step->consumed;
    out.append(room, 0, step->produced);
    if (step->consumed == 0 && step->produced == 0 && at == packed.size()) break;
    if (step->consumed == 0 && step->produced == 0 && piece.empty()) break;
  }
  ended = inflater.at_end();
  return out;
}

TEST(Gzip, ThereAndBackInPieces) {
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += static_cast<char>('a' + random() % 5);
  const auto packed = gzip(text);
  EXPECT_LT(packed.size(), text.size());
  bool ended = false, broken = false;
  for (const std::size_t in : {1UL, 100UL, 100'000UL})
    for (const std::size_t out : {1UL, 100UL, 100'000UL}) {
      EXPECT_EQ(inflated(packed, in, out, ended, broken), text);
      EXPECT_TRUE(ended);
    }
  EXPECT_EQ(inflated(packed + gzip("more"), 100, 100, ended, broken), text + "more");
  EXPECT_TRUE(ended);
  EXPECT_EQ(inflated(gzip(""), 100, 100, ended, broken), "");
  EXPECT_TRUE(ended);
}

TEST(Gzip, CutShortAndBroken) {
  const auto packed = gzip(std::string(1000, 'x') + "end");
  bool ended = false, broken = false;
  inflated(packed.substr(0, packed.size() - 1), 10, 10, ended, broken);
  EXPECT_FALSE(ended);
  inflated("no gzip at all", 100, 100, ended, broken);
  EXPECT_TRUE(broken);
  auto wrong = packed;
  wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1);  // in the checksum
  inflated(wrong, 100, 100, ended, broken);
  EXPECT_TRUE(broken);
  inflated(packed + "garbage", 100, 100, ended, broken);
  EXPECT_TRUE(broken);
}

TEST(Gzip, ABombGivesNoMoreThanThereIsRoomFor) {
  const auto bomb = gzip(std::string(64 << 20, '\0'));
  EXPECT_LT(bomb.size(), 1U << 20U);
  Inflater inflater;
  std::string room(1000, 'x');
  const auto step = inflater.run(bomb, room);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->produced, 1000U);
}

}  // namespace
}  // namespace weir::http
