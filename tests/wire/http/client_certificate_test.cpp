// TLS with a certificate of the client's: who is let in, who is not and what that is called.
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"
#include "wire/http/certificates.hpp"
#include "wire/http/peer.hpp"

#include <weir/http.hpp>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <fstream>
#include <string>
#include <vector>

namespace weir::http {
namespace {

using namespace std::chrono_literals;
using test::Certificates;
using test::Outcome;
using test::Peer;
using test::ScriptedServer;

// One authority that the server believes, one that it does not, and what their clients have.
class ClientCertificates : public testing::Test {
 protected:
  ClientCertificates()
      : server([this](Peer& peer) {
          if (!peer.secure(context)) return;
          while (auto request = peer.read_request()) {
            ++requests;
            peer.answer(200, peer.client_name());
          }
        }) {}

  std::string file(const std::string& base, const std::string& text) const {
    const auto path = (folder.path() / base).string();
    std::ofstream(path) << text;
    return path;
  }
  Client client(TlsOptions tls) const {
    tls.ca_pem(ours.authority_pem());
    auto pool = ClientOptions::default_pool().fail_fast(true);
    return Client(server.secure_origin(), ClientOptions{}.proxy("off").timeout(20s).tls(std::move(tls)).pool(pool));
  }
  static awaitable<Outcome> ask(Client client, std::string method, std::string* told) {
    Outcome outcome;
    try {
      auto answer = co_await client.send(Request(std::move(method), "/"));
      *told = answer.body.to_string();
    } catch (...) {
      outcome = Outcome::from(std::current_exception());
    }
    co_return outcome;
  }
  Outcome ask_now(const Client& client, std::string method = "GET") {
    name.clear();
    return test::run(ask(client, std::move(method), &name));
  }

  const test::TemporaryFolder folder;
  const Certificates ours;
  const Certificates others;
  SSL_CTX* context = ours.strict_server();
  std::atomic<int> requests{0};
  std::string name;
  ScriptedServer server;
};

TEST_F(ClientCertificates, AreShown) {
  const auto pem = ours.client("ada");
  const auto certificate = file("ada.crt", pem.certificate);
  for (const auto& tls : {TlsOptions{}.client_cert_file(certificate).client_key_file(file("ada.key", pem.key)),
                          TlsOptions{}.client_cert_file(file("both.pem", pem.certificate + pem.key)),
                          TlsOptions{}.client_cert_file(file("turned.pem", pem.key + pem.certificate))}) {
    EXPECT_TRUE(test::succeeds(ask_now(client(tls))));
    EXPECT_EQ(name, "ada");
  }
}

TEST_F(ClientCertificates, WhoIsNotLetIn) {
  const auto stranger = others.client("eve");
  const auto file_of_stranger = file("eve.pem", stranger.certificate + stranger.key);
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SSL_CTX_set_max_proto_version(context, version);
    for (const auto& tls : {TlsOptions{}, TlsOptions{}.client_cert_file(file_of_stranger)})
      for (const char* method : {"GET", "POST"}) {
        const auto outcome = ask_now(client(tls), method);
        EXPECT_TRUE(test::fails_with(outcome, errc::tls_failed)) << method << " with TLS " << version;
        if (!outcome.error()) continue;
        EXPECT_FALSE(outcome.error()->transient());
        EXPECT_FALSE(outcome.error()->maybe_applied());
      }
  }
  EXPECT_EQ(requests, 0);
}

awaitable<void> ask_in_turns(std::vector<Client> clients, std::vector<std::string>* names) {
  for (int i = 0; i < 2; ++i)
    for (const auto& client : clients) {
      const auto answer = co_await client.send(Request("GET", "/"));
      names->push_back(answer.body.to_string());
    }
}

TEST_F(ClientCertificates, NobodyUsesAnothersConnection) {
  const auto ada = ours.client("ada"), grace = ours.client("grace");
  const auto name_of_file = file("me.pem", ada.certificate + ada.key);
  const auto first = client(TlsOptions{}.client_cert_file(name_of_file));
  file("me.pem", grace.certificate + grace.key);  // the file's name is no identity
  const auto second = client(TlsOptions{}.client_cert_file(name_of_file));
  std::vector<std::string> names;
  test::run(ask_in_turns({first, second}, &names));
  EXPECT_EQ(names, (std::vector<std::string>{"ada", "grace", "ada", "grace"}));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientCertificates, FilesThatCannotBe) {
  const auto ada = ours.client("ada"), grace = ours.client("grace");
  const auto certificate = file("ada.crt", ada.certificate), key = file("ada.key", ada.key);
  struct Case {
    TlsOptions tls;
    errc code;
    const char* names;
  };
  for (const auto& c :
       {Case{TlsOptions{}.client_cert_file(certificate), errc::tls_failed, "client_key_file"},
        Case{TlsOptions{}.client_cert_file(certificate).client_key_file(file("grace.key", grace.key)), errc::tls_failed,
             "client_key_file"},
        Case{TlsOptions{}.client_cert_file(certificate).client_key_file("/does/not/exist"), errc::tls_failed,
             "client_key_file"},
        Case{TlsOptions{}.client_cert_file(key).client_key_file(key), errc::tls_failed, "client_cert_file"},
        Case{TlsOptions{}.client_key_file(key), errc::invalid_argument, "client_key_file"}}) {
    const auto outcome = test::outcome_now([&] { client(c.tls); });
    EXPECT_TRUE(test::fails_with(outcome, c.code)) << c.names;
    EXPECT_NE(outcome.text().find(c.names), std::string::npos) << outcome.text();
    EXPECT_EQ(outcome.text().find("BEGIN"), std::string::npos) << "nothing of a file's content";
  }
}

}  // namespace
}  // namespace weir::http
