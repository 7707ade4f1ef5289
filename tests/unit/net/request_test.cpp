// Requests on the wire, and what cannot be sent.
#include "net/request_head.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace weir::http {
namespace {

// g++ 12.2 destroys an aggregate temporary twice inside a co_await expression, and co_spawn needs every result to be
// default-constructible and movable.
template <class... T>
constexpr bool no_aggregates = (!std::is_aggregate_v<T> && ...);
static_assert(no_aggregates<Request, Response, Headers, Body, Client, ClientOptions, TlsOptions, ResponseStream>);
template <class... T>
constexpr bool results = ((std::is_default_constructible_v<T> && std::is_nothrow_move_constructible_v<T>) && ...);
static_assert(results<Response, ResponseStream, Client, Headers, Body>);

std::string written(const Request& request, const HeadDefaults& defaults, const BodyFacts& body = {}) {
  std::string out;
  check_request(request);
  write_head(out, defaults, request, body);
  return out;
}

HeadDefaults defaults() {
  HeadDefaults out;
  out.host = "example.org";
  out.headers.add("User-Agent", "weir");
  return out;
}

TEST(RequestHead, Plain) {
  EXPECT_EQ(written(Request("GET", "/a?b=c"), defaults()),
            "GET /a?b=c HTTP/1.1\r\nHost: example.org\r\nUser-Agent: weir\r\n\r\n");
}

TEST(RequestHead, OneHostWhoeverNamesIt) {
  auto given = defaults();
  given.headers.add("Host", "virtual.example");
  EXPECT_EQ(written(Request("GET", "/"), given), "GET / HTTP/1.1\r\nUser-Agent: weir\r\nHost: virtual.example\r\n\r\n");
  Request own("GET", "/");
  own.headers(Headers{}.add("Host", "own.example"));
  EXPECT_EQ(written(own, given), "GET / HTTP/1.1\r\nUser-Agent: weir\r\nHost: own.example\r\n\r\n");
}

TEST(RequestHead, BodiesAndTheirLength) {
  BodyFacts body;
  EXPECT_NE(written(Request("POST", "/"), defaults(), body).find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(written(Request("DELETE", "/"), defaults(), body).find("Content-Length"), std::string::npos);
  body.present = true;
  body.size = 12;
  body.expects = true;
  const auto known = written(Request("PUT", "/"), defaults(), body);
  EXPECT_NE(known.find("Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"), std::string::npos) << known;
  body.size.reset();
  body.expects = false;
  body.gzip = true;
  const auto unknown = written(Request("PUT", "/"), defaults(), body);
  EXPECT_NE(unknown.find("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), std::string::npos) << unknown;
  EXPECT_EQ(unknown.find("Content-Length"), std::string::npos);
}

TEST(RequestHead, OwnFieldsReplaceTheDefaults) {
  Request request("GET", "/");
  request.headers(Headers{}.add("user-agent", "mine").add("Host", "other"));
  EXPECT_EQ(written(request, defaults()), "GET / HTTP/1.1\r\nuser-agent: mine\r\nHost: other\r\n\r\n");
}

TEST(RequestHead, ThroughAProxyInPlainText) {
  auto through = defaults();
  through.target_prefix = "http://example.org";
  through.proxy_authorization = basic_authorization("me", "secret");
  EXPECT_EQ(written(Request("GET", "/a"), through),
            "GET http://example.org/a HTTP/1.1\r\nHost: example.org\r\nUser-Agent: weir\r\n"
            "Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n");
  EXPECT_EQ(written(Request("OPTIONS", "*"), through).substr(0, 36), "OPTIONS http://example.org HTTP/1.1\r");
}

TEST(RequestHead, NothingGetsInThatEndsALine) {
  EXPECT_THROW(Headers{}.add("A\r\nB", "x"), Error);
  EXPECT_THROW(Headers{}.add("A", "x\r\nEvil: y"), Error);
  EXPECT_THROW(Headers{}.add("A", std::string("x\0y", 3)), Error);
  EXPECT_THROW(Headers{}.add("", "x"), Error);
  EXPECT_THROW(Headers{}.add("A B", "x"), Error);
  for (const std::string target : {"", "a", "/a b", "/a\r\nEvil: y", "/\x01", "http://other/"})
    EXPECT_THROW(check_request(Request("GET", target)), Error) << target;
  for (const std::string method : {"", "GET /", "G\r\n", "CONNECT"})
    EXPECT_THROW(check_request(Request(method, "/")), Error) << method;
}

TEST(RequestHead, OurOwnFieldsAreRefused) {
  for (const std::string name : {"Content-Length", "transfer-encoding", "CONNECTION", "Expect", "Upgrade"}) {
    Request request("GET", "/");
    request.headers(Headers{}.add(name, "1"));
    EXPECT_THROW(check_request(request), Error) << name;
  }
}

TEST(RequestHead, OneBody) {
  Request request("PUT", "/");
  request.body("a").body_view("b");
  EXPECT_THROW(check_request(request), Error);
}

TEST(Headers, AddSetRemoveFind) {
  Headers headers;
  headers.add("A", "1").add("b", "2").add("a", "  3\t");
  EXPECT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers.find("a"), "1");
  EXPECT_EQ(headers[2].value, "3");
  EXPECT_EQ(headers.find("c"), std::nullopt);
  headers.set("B", headers[0].value);
  EXPECT_EQ(headers.wire(), "A: 1\r\na: 3\r\nB: 1\r\n");
  EXPECT_EQ(headers.remove("A"), 2U);
  EXPECT_EQ(headers.remove("A"), 0U);
  EXPECT_EQ(headers.wire(), "B: 1\r\n");
}

TEST(Body, GrowsAndMoves) {
  Body body;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const auto room = body.prepare(7);
    ASSERT_GE(room.size(), 7U);
    std::fill_n(room.begin(), 7, static_cast<char>('a' + i % 26));
    body.commit(7);
    expected.append(7, static_cast<char>('a' + i % 26));
  }
  EXPECT_EQ(body.view(), expected);
  Body moved(std::move(body));
  EXPECT_EQ(moved.to_string(), expected);
}

TEST(Methods, WhatMayBeRepeated) {
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
    EXPECT_TRUE(is_idempotent_method(method));
  for (const char* method : {"POST", "PATCH", "get", "LOCK"}) EXPECT_FALSE(is_idempotent_method(method));
  EXPECT_FALSE(is_safe_method("PUT"));
}

TEST(BasicAuthorization, IsRfc4648) {
  EXPECT_EQ(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617 §2
  EXPECT_EQ(basic_authorization("a", ""), "Basic YTo=");
}

}  // namespace
}  // namespace weir::http
