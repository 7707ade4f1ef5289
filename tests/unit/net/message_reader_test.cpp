// Answers taken apart: whole, byte by byte, in all framings; and what is not HTTP.
#include "net/message_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace weir::http {
namespace {

struct Parsed {
  bool head = false;
  bool done = false;
  ResponseHead facts;
  Headers headers;
  std::string body;
  std::optional<Fault> fault;
  std::size_t rest = 0;
  std::size_t most_buffered = 0;
};

// Feeds `wire` in pieces of at most `piece` bytes and takes the body in portions of at most `portion`.
Parsed parse(const std::string& wire, std::size_t piece, std::size_t portion, bool head_request = false,
             bool eof = true, std::uint32_t max_head = 4096) {
  MessageReader reader(max_head);
  reader.begin(head_request);
  Parsed out;
  std::size_t at = 0;
  std::vector<char> room(portion);
  for (;;) {
    if (!out.head) out.head = reader.head(out.facts, out.headers);
    if (out.head)
      while (const auto count = reader.take(room)) out.body.append(room.data(), count);
    if (reader.fault() || (out.head && reader.body_done()) || at == wire.size()) break;
    if (out.head && reader.direct() != 0 && (at + out.body.size()) % 2 == 0) {  // the way past the buffer, now and then
      const auto count = std::min<std::uint64_t>({reader.direct(), piece, wire.size() - at});
      out.body.append(wire, at, count);
      reader.came_directly(count);
      at += count;
      continue;
    }
    const auto to = reader.room();
    const auto count = std::min({to.size(), piece, wire.size() - at});
    EXPECT_GT(count, 0U);
    if (count == 0) break;
    std::memcpy(to.data(), wire.data() + at, count);
    reader.came(count);
    at += count;
    out.most_buffered = std::max(out.most_buffered, reader.buffered());
  }
  if (!reader.fault() && out.head && !reader.body_done() && eof) reader.closed();
  out.done = out.head && reader.body_done();
  out.fault = reader.fault();
  out.rest = reader.buffered() + (wire.size() - at);
  return out;
}

TEST(MessageReader, EveryFramingInPiecesOfEverySize) {
  std::string long_text;
  for (int i = 0; i < 3000; ++i) long_text += static_cast<char>('a' + i % 26);
  std::string chunks;
  for (std::size_t at = 0, size = 1; at < long_text.size(); at += size, size = size * 3 + 1) {
    const auto part = long_text.substr(at, size);
    char hex[32];
    std::snprintf(hex, sizeof hex, "%zx;name=value\r\n", part.size());
    chunks += hex + part + "\r\n";
  }
  chunks += "0\r\nTrailer: x\r\n\r\n";
  struct Case {
    const char* name;
    std::string wire, body;
    bool keep_alive;
  };
  const std::vector<Case> cases{
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\nX-A: b\r\n\r\n" + long_text, long_text, true},
      {"chunked", "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, long_text, true},
      {"until close", "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n" + long_text, long_text, false},
      {"none", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "", true},
      {"zero", "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 0\r\n\r\n", "", true},
      {"empty chunks", "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", true},
      {"1.0", "HTTP/1.0 200 OK\r\nX-A: b\r\nContent-Length: 3000\r\n\r\n" + long_text, long_text, false},
      {"1.0 kept", "HTTP/1.0 200 OK\r\nX-A: b\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", "", true},
      {"close", "HTTP/1.1 200 \r\nX-A: b\r\nconnection: foo, Close\r\nContent-Length: 0\r\n\r\n", "", false}};
  for (const auto& c : cases)
    for (const std::size_t piece : {1UL, 2UL, 7UL, 100UL, 100'000UL})
      for (const std::size_t portion : {1UL, 10UL, 100'000UL}) {
        SCOPED_TRACE(std::string(c.name) + " in pieces of " + std::to_string(piece) + ", portions of " +
                     std::to_string(portion));
        const auto parsed = parse(c.wire, piece, portion);
        ASSERT_FALSE(parsed.fault) << parsed.fault->text;
        EXPECT_TRUE(parsed.done);
        EXPECT_EQ(parsed.body, c.body);
        EXPECT_EQ(parsed.facts.keep_alive, c.keep_alive);
        EXPECT_EQ(parsed.headers.find("x-a"), "b");
        EXPECT_EQ(parsed.rest, 0U);
      }
}

TEST(MessageReader, NoBodyWhereThereIsNone) {
  const auto head = parse("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", 1000, 10, true);
  EXPECT_TRUE(head.done);
  EXPECT_TRUE(head.facts.keep_alive);
  EXPECT_TRUE(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 1000, 10).done);
  const auto interim = parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 1000, 10);
  EXPECT_TRUE(interim.done);
  EXPECT_EQ(interim.facts.status, 100);
  EXPECT_EQ(interim.rest, 17U);
}

TEST(MessageReader, WhatFollowsTheAnswerIsSeen) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP", 1000, 10).rest, 4U);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 1000, 10).rest, 1U);
}

TEST(MessageReader, WhatIsCutShortIsNotDone) {
  for (const std::string wire :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", ""})
    for (const std::size_t piece : {1UL, 1000UL}) {
      const auto parsed = parse(wire, piece, 100);
      EXPECT_FALSE(parsed.done) << wire;
      EXPECT_FALSE(parsed.fault) << wire;
    }
}

TEST(MessageReader, WhatIsNotHttpIsAnError) {
  for (const std::string wire :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: x\r\n\r\n", "HTTP/1.1 200 OK\r\nA b: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyzzy\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\na"})
    for (const std::size_t piece : {1UL, 1000UL}) {
      const auto parsed = parse(wire, piece, 100);
      ASSERT_TRUE(parsed.fault) << wire;
      EXPECT_EQ(parsed.fault->code, errc::protocol_error) << wire;
    }
}

TEST(MessageReader, HeadsAndChunkHeadsAreBounded) {
  const auto forever = std::string(1 << 20, 'a');
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 100'000; ++i) many += "A: b\r\n";
  for (const auto& wire : {"HTTP/1.1 200 OK\r\nX: " + forever, "HTTP/1.1 200 " + forever, many,
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + forever,
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: " + forever}) {
    for (const std::size_t piece : {100UL, 1UL << 20U}) {
      const auto parsed = parse(wire, piece, 100, false, true, 4096);
      ASSERT_TRUE(parsed.fault) << wire.substr(0, 60);
      EXPECT_EQ(parsed.fault->code, errc::too_large) << parsed.fault->text;
      EXPECT_LE(parsed.most_buffered, 16U * 1024);
    }
  }
}

TEST(MessageReader, AKeptConnectionGivesOneAnswerAfterTheOther) {
  MessageReader reader(4096);
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nN: " + std::to_string(i) + "\r\n\r\n" + std::to_string(100 + i);
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    reader.begin(false);
    ResponseHead head;
    Headers headers;
    while (!reader.head(head, headers)) {
      ASSERT_FALSE(reader.fault());
      const auto to = reader.room();
      const auto count = std::min<std::size_t>({to.size(), 13, all.size() - at});
      ASSERT_GT(count, 0U);
      std::memcpy(to.data(), all.data() + at, count);
      reader.came(count);
      at += count;
    }
    EXPECT_EQ(headers.find("n"), std::to_string(i));
    std::string body;
    char room[8];
    while (!reader.body_done()) {
      const auto count = reader.take(room);
      body.append(room, count);
      if (count != 0 || reader.body_done()) continue;
      const auto to = reader.room();
      to[0] = all[at++];
      reader.came(1);
    }
    EXPECT_EQ(body, std::to_string(100 + i));
  }
}

// Whatever comes, it ends, stays in bounds and never gives more body than there were bytes.
TEST(MessageReader, RandomChangesDoNoHarm) {
  const std::string good =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n";
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    std::mt19937 random(seed);
    auto wire = good;
    for (unsigned i = 0, changes = 1 + random() % 4; i < changes; ++i) {
      const auto at = random() % wire.size();
      switch (random() % 3) {
        case 0: wire[at] = static_cast<char>(random() % 256); break;
        case 1: wire.erase(at, 1 + random() % 5); break;
        default: wire.insert(at, 1, static_cast<char>(random() % 256));
      }
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto parsed = parse(wire, 1 + random() % 40, 1 + random() % 40);
    EXPECT_LE(parsed.body.size(), wire.size());
  }
}

// A head that is there whole is taken apart by the scan, one that comes byte by byte by the parser: they agree on
// everything, what is no HTTP included.
TEST(MessageReader, UsualHeadsAreWhatTheParserMakesOfThem) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[std::uniform_int_distribution<std::size_t>(0, from.size() - 1)(random)];
  };
  const std::vector<std::string> first{"HTTP/1.1 200 OK",    "HTTP/1.1 200 ",   "HTTP/1.1 204 No Content",
                                       "HTTP/1.1 304 x",     "HTTP/1.0 200 OK", "HTTP/1.1 503 Slow\tDown",
                                       "HTTP/1.1 404 N\xc3", "HTTP/1.1 20 OK",  "HTTP/1.1 100 Continue",
                                       "HTTP/1.1  200 OK",   "http/1.1 200 OK", "HTTP/1.1 200",
                                       "HTTP/1.1 206 \x01",  "HTTP/1.1 2000 OK"};
  const std::vector<std::string> usual{"Content-Length: 5\r\n", "content-length: 5\r\n",      "X-Amz-Id: a b\r\n",
                                       "ETag: \"x\"\r\n",       "Connection: keep-alive\r\n", "Date: d\r\n"};
  const std::vector<std::string> odd{"Connection: close\r\n",
                                     "connection: Keep-Alive, close\r\n",
                                     "Connection:\r\n",
                                     "Content-Length: +5\r\n",
                                     "Content-Length: 5, 5\r\n",
                                     "Content-Length: 99999999999999999999\r\n",
                                     "Content-Length:5\r\n",
                                     "Content-Length : 5\r\n",
                                     "Content-Length: 5 \r\n",
                                     "Transfer-Encoding: chunked\r\n",
                                     "Transfer-Encoding: gzip\r\n",
                                     "Content-Encoding: gzip\r\n",
                                     "Upgrade: h2c\r\n",
                                     "X-Empty: \r\n",
                                     "X-Empty:\r\n",
                                     "X-Tab: a\tb\r\n",
                                     "X-Tab: a\t\r\n",
                                     "X-Two:  a\r\n",
                                     "X-High: \xff\r\n",
                                     "X-Control: a\x01\r\n",
                                     "X-Delete: a\x7f\r\n",
                                     "X Y: a\r\n",
                                     "no colon\r\n",
                                     ": a\r\n",
                                     " folded\r\n",
                                     "X-Bare: a\rb\r\n",
                                     "X-Newline: a\n",
                                     "Proxy-Connection: close\r\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string wire = pick(round % 4 == 0 ? first : std::vector<std::string>{first.front()}) + "\r\n";
    const int fields = std::uniform_int_distribution<int>(0, 5)(random);
    for (int i = 0; i < fields; ++i) wire += pick(random() % 6 == 0 ? odd : usual);
    wire += "\r\n5\r\nabcde\r\n0\r\n\r\n";
    const bool head_request = random() % 5 == 0;
    const auto limit = random() % 8 == 0 ? 64U : 4096U;
    const auto whole = parse(wire, wire.size(), 100, head_request, true, limit);
    const auto bytes = parse(wire, 1, 100, head_request, true, limit);
    SCOPED_TRACE(wire);
    ASSERT_EQ(whole.head, bytes.head);
    ASSERT_EQ(whole.fault.has_value(), bytes.fault.has_value());
    if (whole.fault && limit > wire.size()) {
      ASSERT_EQ(whole.fault->code, bytes.fault->code);
    }
    if (!whole.head) continue;
    ASSERT_EQ(whole.facts.status, bytes.facts.status);
    ASSERT_EQ(whole.facts.keep_alive, bytes.facts.keep_alive);
    ASSERT_EQ(whole.facts.framing, bytes.facts.framing);
    ASSERT_EQ(whole.facts.length, bytes.facts.length);
    ASSERT_EQ(whole.facts.gzip, bytes.facts.gzip);
    ASSERT_EQ(whole.headers.wire(), bytes.headers.wire());
    ASSERT_EQ(whole.headers.size(), bytes.headers.size());
    for (std::size_t i = 0; i < whole.headers.size(); ++i) {
      ASSERT_EQ(whole.headers[i].name, bytes.headers[i].name);
      ASSERT_EQ(whole.headers[i].value, bytes.headers[i].value);
    }
    ASSERT_EQ(whole.done, bytes.done);
    ASSERT_EQ(whole.body, bytes.body);
  }
}

}  // namespace
}  // namespace weir::http
