// How a server is reached: over IPv6, by a name with several addresses, past a proxy.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/http/certificates.hpp"
#include "wire/http/peer.hpp"

#include <weir/http.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::http {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::ScriptedServer;

void tell_host(Peer& peer) {
  while (auto request = peer.read_request()) peer.answer(200, request->target() + " at " + request->field("Host"));
}

std::unique_ptr<ScriptedServer> on_six(ScriptedServer::Script script) {
  try {
    return std::make_unique<ScriptedServer>(std::move(script), "::1");
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

awaitable<std::string> get(Client client) {
  const auto answer = co_await client.send(Request("GET", "/a"));
  co_return answer.body.to_string();
}

std::string get_now(const std::string& origin, ClientOptions options) {
  options.timeout(20s);
  return test::run(get(Client(origin, std::move(options))));
}

TEST(Reaching, AnAddressOfIpv6) {
  const auto server = on_six(tell_host);
  if (!server) GTEST_SKIP() << "this machine has no IPv6";
  const auto address = "[::1]:" + std::to_string(server->port());
  EXPECT_EQ(get_now("http://" + address, ClientOptions{}.proxy("off")), "/a at " + address);
  EXPECT_EQ(get_now("http://[0:0:0:0:0:0:0:1]:" + std::to_string(server->port()), ClientOptions{}.proxy("off")),
            "/a at [0:0:0:0:0:0:0:1]:" + std::to_string(server->port()));
}

TEST(Reaching, AnAddressOfIpv6WithTls) {
  const auto server = on_six([](Peer& peer) {
    if (peer.secure(test::certificates().server())) tell_host(peer);
  });
  if (!server) GTEST_SKIP() << "this machine has no IPv6";
  const auto address = "[::1]:" + std::to_string(server->port());
  const auto trusting = ClientOptions{}.proxy("off").tls(TlsOptions{}.ca_pem(test::certificates().authority_pem()));
  EXPECT_EQ(get_now("https://" + address, trusting), "/a at " + address) << "the certificate is for ::1";
}

TEST(Reaching, AProxyOnIpv6) {
  const auto proxy = on_six(tell_host);
  if (!proxy) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(get_now("http://far.example:81", ClientOptions{}.proxy("http://[::1]:" + std::to_string(proxy->port()))),
            "http://far.example:81/a at far.example:81");
}

// localhost is 127.0.0.1, ::1 or both, in an order that the machine decides: whichever of them a server is at, it is
// found.
TEST(Reaching, ANameWithSeveralAddresses) {
  ScriptedServer four(tell_host);
  EXPECT_EQ(get_now("http://localhost:" + std::to_string(four.port()), ClientOptions{}.proxy("off")),
            "/a at localhost:" + std::to_string(four.port()));
}

// The environment for the length of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(Reaching, WhoIsAskedDirectlyByTheEnvironment) {
  ScriptedServer server(tell_host);
  ScriptedServer proxy([](Peer& peer) {
    while (auto request = peer.read_request()) peer.answer(200, "the proxy was asked for " + request->target());
  });
  const Variable http("http_proxy", "http://127.0.0.1:" + std::to_string(proxy.port()));
  const auto here = std::to_string(server.port());
  struct Case {
    std::string no_proxy;
    bool directly;
  };
  for (const auto& c :
       {Case{"", false}, Case{"other.example", false}, Case{"127.0.0.1", true}, Case{"other.example, 127.0.0.1", true},
        Case{"127.0.0.1:" + here, true}, Case{"127.0.0.1:1", false}, Case{"0.0.1", false}, Case{"*", true}}) {
    const Variable upper("NO_PROXY", "");
    const Variable lower("no_proxy", c.no_proxy);
    const auto told = get_now(server.origin(), ClientOptions{});
    EXPECT_EQ(told, c.directly ? "/a at 127.0.0.1:" + here : "the proxy was asked for " + server.origin() + "/a")
        << "no_proxy=" << c.no_proxy;
  }
  // What is said in the options counts more than the environment.
  EXPECT_EQ(get_now(server.origin(), ClientOptions{}.proxy("off")), "/a at 127.0.0.1:" + here);
  const Variable everybody("no_proxy", "*");
  EXPECT_EQ(get_now("http://far.example", ClientOptions{}.proxy("http://127.0.0.1:" + std::to_string(proxy.port()))),
            "the proxy was asked for http://far.example/a");
}

}  // namespace
}  // namespace weir::http
