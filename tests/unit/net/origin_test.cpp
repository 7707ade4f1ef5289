// Addresses of servers and proxies, and what the environment says of them.
#include "net/origin.hpp"

#include "net/addresses.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir::http {
namespace {

TEST(Origin, IsTakenApart) {
  struct Case {
    const char *text, *host, *endpoint, *field;
    int port;
    bool tls;
  };
  for (const auto& c :
       {Case{"http://Example.org", "example.org", "example.org:80", "example.org", 80, false},
        Case{"https://a.b/", "a.b", "a.b:443", "a.b", 443, true},
        Case{"HTTPS://a:9200", "a", "a:9200", "a:9200", 9200, true},
        Case{"http://[::1]:8080", "::1", "[::1]:8080", "[::1]:8080", 8080, false},
        Case{"https://[2001:db8::1]", "2001:db8::1", "[2001:db8::1]:443", "[2001:db8::1]", 443, true}}) {
    const auto origin = parse_origin(c.text);
    EXPECT_EQ(origin.host, c.host);
    EXPECT_EQ(origin.endpoint(), c.endpoint);
    EXPECT_EQ(origin.host_field(), c.field);
    EXPECT_EQ(origin.port, c.port);
    EXPECT_EQ(origin.tls, c.tls);
    EXPECT_EQ(parse_origin(origin.to_string()).endpoint(), c.endpoint);
  }
}

TEST(Origin, WhatIsNone) {
  for (const char* text : {"", "example.org", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:65536",
                           "http://a:x", "http://a:1:2", "http://[::1", "http://[x]", "http://[::1]x", "http://a/path",
                           "http://a?q", "http://a b", "http://me:secret@a", "http://a\r\nb", "http://::1"})
    try {
      parse_origin(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), errc::invalid_argument);
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
}

TEST(Origin, WhatIsAnAddress) {
  for (const char* text : {"127.0.0.1", "::1", "2001:db8::1", "::ffff:1.2.3.4"})
    EXPECT_TRUE(is_ip_address(text)) << text;
  for (const char* text : {"", "localhost", "10.0.0.5:9200", "cafe:443", "999.1.1.1", "1.2.3", "1.2.3.4.", ":", "...",
                           "[::1]", "2001:0db8:0000:0000:0000:0000:0000:0001:0000:0000:0000:0000"})
    EXPECT_FALSE(is_ip_address(text)) << text;
  EXPECT_FALSE(is_ip_address(std::string_view("1.2.3.4\0x", 9)));
}

TEST(Proxy, UserAndPassword) {
  const auto proxy = parse_proxy("http://us%65r:p%40ss:word@proxy:3128/");
  EXPECT_EQ(proxy.address.endpoint(), "proxy:3128");
  EXPECT_EQ(proxy.authorization, "Basic dXNlcjpwQHNzOndvcmQ=");  // user:p@ss:word
  EXPECT_EQ(parse_proxy("proxy").address.endpoint(), "proxy:80");
  EXPECT_EQ(parse_proxy("proxy").authorization, "");
}

TEST(Proxy, RefusalsKeepTheSecret) {
  for (const char* text : {"https://me:secret@proxy", "socks5://me:secret@proxy", "http://me:secret%zz@proxy",
                           "http://me:secret@", "http://me:secret@proxy:99999", "http://me:secret@proxy/x"})
    try {
      parse_proxy(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
}

TEST(Proxy, FromTheEnvironment) {
  using Variables = std::map<std::string, std::string>;
  struct Case {
    const char* origin;
    Variables variables;
    const char* proxy;  ///< "" none
  };
  for (const auto& c : {Case{"http://a.b", {}, ""},
                        Case{"http://a.b", {{"http_proxy", "http://p:1"}}, "p:1"},
                        Case{"http://a.b", {{"HTTP_PROXY", "http://p:1"}}, ""},  // a CGI request could set it
                        Case{"https://a.b", {{"http_proxy", "http://p:1"}}, ""},
                        Case{"https://a.b", {{"HTTPS_PROXY", "p:1"}}, "p:1"},
                        Case{"https://a.b", {{"https_proxy", "p:1"}, {"HTTPS_PROXY", "q:1"}}, "p:1"},
                        Case{"https://a.b", {{"ALL_PROXY", "p:1"}}, "p:1"},
                        Case{"http://a.b", {{"all_proxy", "p:1"}}, "p:1"},
                        Case{"http://a.b", {{"http_proxy", "p:1"}, {"no_proxy", "*"}}, ""},
                        Case{"http://a.b", {{"http_proxy", "p:1"}, {"no_proxy", "x, A.B"}}, ""},
                        Case{"http://c.a.b", {{"http_proxy", "p:1"}, {"NO_PROXY", "a.b"}}, ""},
                        Case{"http://c.a.b", {{"http_proxy", "p:1"}, {"NO_PROXY", ".a.b"}}, ""},
                        Case{"http://c.a.b", {{"http_proxy", "p:1"}, {"NO_PROXY", "*.a.b"}}, ""},
                        Case{"http://ca.b", {{"http_proxy", "p:1"}, {"NO_PROXY", "a.b"}}, "p:1"},
                        Case{"http://a.b:81", {{"http_proxy", "p:1"}, {"NO_PROXY", "a.b:80"}}, "p:1"},
                        Case{"http://a.b:81", {{"http_proxy", "p:1"}, {"NO_PROXY", "a.b:81"}}, ""},
                        Case{"http://127.0.0.1", {{"http_proxy", "p:1"}, {"NO_PROXY", "127.0.0.1"}}, ""},
                        Case{"http://127.0.0.1", {{"http_proxy", "p:1"}, {"NO_PROXY", "0.0.1"}}, "p:1"},
                        Case{"http://[::1]:9", {{"http_proxy", "p:1"}, {"NO_PROXY", "::1"}}, ""},
                        Case{"http://[::1]:9", {{"http_proxy", "p:1"}, {"NO_PROXY", "[::1]:9"}}, ""}}) {
    const auto environment = [&](const char* name) -> std::optional<std::string> {
      const auto found = c.variables.find(name);
      if (found == c.variables.end()) return std::nullopt;
      return found->second;
    };
    const auto proxy = proxy_from(environment, parse_origin(c.origin));
    EXPECT_EQ(proxy ? proxy->address.endpoint() : "", c.proxy) << c.origin;
    EXPECT_FALSE(choose_proxy("off", environment, parse_origin(c.origin)));
    EXPECT_EQ(choose_proxy("http://own:2", environment, parse_origin(c.origin))->address.endpoint(), "own:2");
  }
}

TEST(AddressBook, KeepsDoubtsAndTurns) {
  using Book = net::AddressBook<int>;
  const Book::TimePoint start{};
  const auto later = [&](int seconds) { return start + std::chrono::seconds{1000 + seconds}; };
  Book book(std::chrono::seconds{30});
  EXPECT_FALSE(book.fresh(later(0)));
  EXPECT_FALSE(book.usable(later(0)));
  book.put({{1, true}, {2, true}, {10, false}, {20, false}, {30, false}}, later(0));
  EXPECT_TRUE(book.fresh(later(29)));
  EXPECT_FALSE(book.fresh(later(30)));
  EXPECT_TRUE(book.usable(later(299)));
  EXPECT_FALSE(book.usable(later(300)));
  EXPECT_EQ(book.order(), (std::vector<int>{1, 10, 2, 20, 30}));
  EXPECT_EQ(book.order(), (std::vector<int>{2, 20, 1, 30, 10}));
  book.doubt();
  EXPECT_FALSE(book.fresh(later(1)));
  EXPECT_TRUE(book.usable(later(1)));
}

}  // namespace
}  // namespace weir::http
