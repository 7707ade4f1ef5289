// Servers whose certificate must not be believed. A peer that speaks no more than PostgreSQL's way into TLS is enough:
// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.12

#include "faults/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace weir::test {
namespace {

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;
using Key = Owned<EVP_PKEY>;
using Certificate = Owned<X509>;

Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

void extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value), &X509_EXTENSION_free);
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) throw std::runtime_error("no extension");
}

// For a host, until so many seconds from now; signed by the issuer or by itself.
Certificate make_certificate(EVP_PKEY* key, const char* host, long seconds, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), issuer == nullptr ? 1 : 2);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -86'400);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), seconds);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host), -1, -1, 0);
  X509* const signer = issuer == nullptr ? made.get() : issuer;
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  if (issuer == nullptr) extend(made.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  extend(made.get(), signer, NID_subject_alt_name, ("DNS:" + std::string(host)).c_str());
  X509_sign(made.get(), issuer_key, EVP_sha256());
  return made;
}

class TlsPeer {
 public:
  TlsPeer(X509* certificate, EVP_PKEY* key) : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free) {
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("the peer cannot listen");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url(const std::string& options) const {
    return "postgresql://me:a-password@localhost:" + std::to_string(port_) + "/db?" + options;
  }
  std::uint16_t port() const { return port_; }
  // Clients that asked for TLS, and those that believed the certificate and went on.
  unsigned met() const { return met_; }
  unsigned believed() const { return believed_; }

 private:
  void serve() {
    // OpenSSL writes to a client that has gone in disgust as it does to any other.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      char request[8];
      if (::recv(client, request, sizeof request, MSG_WAITALL) == 8 && ::send(client, "S", 1, MSG_NOSIGNAL) == 1) {
        ++met_;
        const Owned<SSL> tls(SSL_new(context_.get()), &SSL_free);
        SSL_set_fd(tls.get(), client);
        char first = 0;
        if (SSL_accept(tls.get()) == 1 && SSL_read(tls.get(), &first, 1) == 1) ++believed_;
      }
      ::close(client);
    }
  }

  Owned<SSL_CTX> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> met_{0};
  std::atomic<unsigned> believed_{0};
  std::thread thread_;
};

class Certificates : public testing::Test {
 protected:
  Certificates()
      : authority_key_(new_key()),
        authority_(make_certificate(authority_key_.get(), "authority", 86'400, nullptr, authority_key_.get())),
        key_(new_key()),
        file_(std::filesystem::temp_directory_path() / ("weir-authority-" + std::to_string(::getpid()) + ".pem")) {
    const Owned<BIO> out(BIO_new_file(file_.c_str(), "w"), [](BIO* bio) { BIO_free(bio); });
    PEM_write_bio_X509(out.get(), authority_.get());
  }
  ~Certificates() override { std::filesystem::remove(file_); }

  Certificate signed_for(const char* host, long seconds) {
    return make_certificate(key_.get(), host, seconds, authority_.get(), authority_key_.get());
  }
  Outcome meet(const TlsPeer& peer, const std::string& mode) {
    auto options = "sslrootcert=" + file_.string() + "&timeout=5s&retry.max_attempts=1";
    if (!mode.empty()) options += "&sslmode=" + mode;
    auto db = run(AsyncDatabase::open(peer.url(options)));
    return run(outcome_of([&] { return db.exists("x"); }));
  }

  Key authority_key_;
  Certificate authority_;
  Key key_;
  std::filesystem::path file_;
};

TEST_F(Certificates, a_good_one_is_believed) {
  const TlsPeer peer(signed_for("localhost", 3'600).get(), key_.get());
  EXPECT_FALSE(meet(peer, "verify-full").is(errc::tls_failed));
  EXPECT_GT(peer.believed(), 0u);
}

TEST_F(Certificates, for_another_host) {
  const TlsPeer peer(signed_for("elsewhere.example", 3'600).get(), key_.get());
  const auto outcome = meet(peer, "");  // with an authority to believe, all is verified by default
  EXPECT_TRUE(fails_with(outcome, errc::tls_failed));
  EXPECT_FALSE(outcome.error() && outcome.error()->transient()) << "trying again does not help";
  EXPECT_EQ(outcome.text().find("a-password"), std::string::npos);
  EXPECT_EQ(peer.believed(), 0u);
}

TEST_F(Certificates, expired) {
  const TlsPeer peer(signed_for("localhost", -60).get(), key_.get());
  for (const char* mode : {"verify-ca", "verify-full", ""})
    EXPECT_TRUE(fails_with(meet(peer, mode), errc::tls_failed)) << mode;
  EXPECT_EQ(peer.believed(), 0u);
}

TEST_F(Certificates, signed_by_itself) {
  const auto own = make_certificate(key_.get(), "localhost", 3'600, nullptr, key_.get());
  const TlsPeer peer(own.get(), key_.get());
  for (const char* mode : {"verify-ca", "verify-full", ""})
    EXPECT_TRUE(fails_with(meet(peer, mode), errc::tls_failed)) << mode;
  EXPECT_EQ(peer.believed(), 0u);
}

using Imposters = FaultyPostgres;

// Whoever leads connections elsewhere learns nothing that stops a statement.
TEST_F(Imposters, hear_no_cancel) {
  const auto key = new_key();
  const auto own = make_certificate(key.get(), "localhost", 3'600, nullptr, key.get());
  const TlsPeer peer(own.get(), key.get());
  auto db = run(AsyncDatabase::open(relayed_tls("max_size=1")));
  EXPECT_FALSE(run(db.exists("x")));
  relay().lead_to(peer.port());
  const auto hurried = db.native<PostgresDatabase>().with_timeout(std::chrono::seconds(1));
  EXPECT_TRUE(fails_with(run(outcome_of([&] { return hurried.query("SELECT pg_sleep(6)"); })), errc::timeout));
  loop().restart();
  loop().run();  // until the cancel has ended as well
  EXPECT_GT(peer.met(), 0u);
  EXPECT_EQ(peer.believed(), 0u);
  EXPECT_EQ(relay().clear_cancels(), 0u);
  run(db.close());
}

}  // namespace
}  // namespace weir::test
