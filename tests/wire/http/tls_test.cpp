// TLS: who is believed, what is resumed, and what a connection that is cut looks like.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "wire/http/certificates.hpp"
#include "wire/http/peer.hpp"

#include <weir/http.hpp>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <string>

namespace weir::http {
namespace {

using namespace std::chrono_literals;
using test::Certificates;
using test::Outcome;
using test::Peer;
using test::ScriptedServer;

void secure_echo(Peer& peer) {
  if (!peer.secure(test::certificates().server())) return;
  while (auto request = peer.read_request()) {
    if (!request->complete) return;
    peer.answer(200, request->body);
  }
}

ClientOptions with(TlsOptions tls) {
  return ClientOptions{}
      .proxy("off")
      .timeout(2s)
      .tls(std::move(tls))
      .pool(ClientOptions::default_pool().fail_fast(true));
}

ClientOptions trusting() { return with(TlsOptions{}.ca_pem(test::certificates().authority_pem())).timeout(20s); }

awaitable<Outcome> ask(Client client, std::string body, std::string* out) {
  Outcome outcome;
  try {
    auto answer = co_await client.send(Request("PUT", "/").body(std::move(body)));
    *out = answer.body.to_string();
  } catch (...) {
    outcome = Outcome::from(std::current_exception());
  }
  co_return outcome;
}

Outcome ask_now(const Client& client, const std::string& body = "hello") {
  std::string answer;
  auto outcome = test::run(ask(client, body, &answer));
  if (outcome.ok()) {
    EXPECT_EQ(answer, body);
  }
  return outcome;
}

TEST(HttpTls, ATrustedServerWithItsName) {
  ScriptedServer server(secure_echo);
  EXPECT_TRUE(test::succeeds(ask_now(Client(server.secure_origin("localhost"), trusting()))));
  EXPECT_TRUE(test::succeeds(ask_now(Client(server.secure_origin("127.0.0.1"), trusting()))));
}

TEST(HttpTls, LargeBodiesBothWays) {
  ScriptedServer server(secure_echo);
  EXPECT_TRUE(test::succeeds(ask_now(Client(server.secure_origin(), trusting()), std::string(5 << 20, 'x'))));
}

TEST(HttpTls, WhoIsNotBelieved) {
  ScriptedServer server(secure_echo);
  const auto refused = [&](const Outcome& outcome) {
    EXPECT_TRUE(test::fails_with(outcome, errc::tls_failed));
    if (outcome.error()) {
      EXPECT_FALSE(outcome.error()->transient());
    }
  };
  refused(ask_now(Client(server.secure_origin(), with({}))));  // the system does not know our authority
  refused(
      ask_now(Client(server.secure_origin(),
                     with(TlsOptions{}.ca_pem(test::certificates().authority_pem()).server_name("other.example")))));
  for (const char* name : {"999.1.1.1", "1.2.3", "10.0.0.5", "::2"})
    refused(ask_now(Client(server.secure_origin(),
                           with(TlsOptions{}.ca_pem(test::certificates().authority_pem()).server_name(name)))));
  refused(ask_now(Client(server.secure_origin(), with(TlsOptions{}.fingerprint(std::string(64, 'a'))))));
  const Certificates others;
  refused(ask_now(Client(server.secure_origin(), with(TlsOptions{}.ca_pem(others.authority_pem())))));
  // A certificate that lies in the chain and has signed nothing in it.
  refused(ask_now(Client(server.secure_origin(), with(TlsOptions{}.fingerprint(others.authority_fingerprint())))));
}

TEST(HttpTls, FingerprintsAndNoVerification) {
  ScriptedServer server(secure_echo);
  for (const auto& tls :
       {TlsOptions{}.fingerprint(test::certificates().server_fingerprint()),
        TlsOptions{}.fingerprint(test::certificates().authority_fingerprint()), TlsOptions{}.verify(false)})
    EXPECT_TRUE(test::succeeds(ask_now(Client(server.secure_origin(), with(tls)))));
}

TEST(HttpTls, OptionsThatCannotBe) {
  for (const auto& tls : {TlsOptions{}.ca_file("/does/not/exist"), TlsOptions{}.ca_pem("nothing"),
                          TlsOptions{}.client_cert_file("/does/not/exist")}) {
    const auto outcome = test::outcome_now([&] { Client("https://localhost", with(tls)); });
    EXPECT_TRUE(test::fails_with(outcome, errc::tls_failed));
  }
  // None of these can be compared with a certificate, which must not mean that every certificate will do.
  for (const char* name : {"10.0.0.5:9200", "cafe:443", "[::1]", "localhost:443", "a b"}) {
    const auto outcome = test::outcome_now([&] { Client("https://localhost", with(TlsOptions{}.server_name(name))); });
    EXPECT_TRUE(test::fails_with(outcome, errc::invalid_argument)) << name;
  }
  const auto outcome = test::outcome_now([] { Client("https://localhost", with(TlsOptions{}.fingerprint("12"))); });
  EXPECT_TRUE(test::fails_with(outcome, errc::invalid_argument));
}

TEST(HttpTls, TheSecondHandshakeIsShort) {
  std::atomic<int> resumed{0};
  ScriptedServer server([&](Peer& peer) {
    if (!peer.secure(test::certificates().server())) return;
    resumed += peer.session_was_reused() ? 1 : 0;
    if (auto request = peer.read_request()) peer.answer(200, request->body, "Connection: close\r\n");
  });
  Client client(server.secure_origin(), trusting());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(test::succeeds(ask_now(client)));
  EXPECT_EQ(resumed, 2);
}

TEST(HttpTls, CutShort) {
  for (const std::string head : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "HTTP/1.1 200 OK\r\n\r\nabc"}) {
    ScriptedServer server([&](Peer& peer) {
      if (!peer.secure(test::certificates().server())) return;
      if (!peer.read_request()) return;
      peer.send(head);  // and TCP ends without TLS having said goodbye
    });
    EXPECT_TRUE(test::fails_with(ask_now(Client(server.secure_origin(), trusting())), errc::connection_lost));
  }
}

TEST(HttpTls, ABodyUpToAProperGoodbye) {
  ScriptedServer server([&](Peer& peer) {
    if (!peer.secure(test::certificates().server())) return;
    if (!peer.read_request()) return;
    peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
    peer.say_goodbye();
  });
  EXPECT_TRUE(test::succeeds(ask_now(Client(server.secure_origin(), trusting()))));
}

TEST(HttpTls, PlainTextInsteadOfTls) {
  ScriptedServer server([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_close();
  });
  const auto outcome = ask_now(Client(server.secure_origin(), trusting().timeout(2s)));
  EXPECT_FALSE(outcome.ok());
  EXPECT_NE(outcome.text().find("handshake"), std::string::npos) << outcome.text();
}

TEST(HttpTls, ThroughATunnel) {
  ScriptedServer proxy([](Peer& peer) {
    auto request = peer.read_request();
    if (!request) return;
    EXPECT_EQ(request->head.substr(0, request->head.find("\r\n")), "CONNECT localhost:4433 HTTP/1.1");
    EXPECT_EQ(request->field("Proxy-Authorization"), "Basic bWU6czNjcmV0");
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    secure_echo(peer);
  });
  auto options = trusting().proxy("http://me:s3cret@127.0.0.1:" + std::to_string(proxy.port()));
  EXPECT_TRUE(test::succeeds(ask_now(Client("https://localhost:4433", options))));
}

}  // namespace
}  // namespace weir::http
