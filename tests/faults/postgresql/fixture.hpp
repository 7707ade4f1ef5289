#pragma once

#include "integration/postgresql/fixture.hpp"
#include "servers/relay.hpp"

#include <cstdlib>
#include <optional>
#include <string>

namespace weir::test {

/// The real server, with a relay before it that can fail.
class FaultyPostgres : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    relay_.emplace(port_of(plain_url()));
  }
  Relay& relay() { return *relay_; }
  std::string relayed(const std::string& options = {}) const {
    auto at = with_port(url("sslmode=disable" + (options.empty() ? "" : "&" + options)), relay_->port());
    // The relay listens on this address only.
    at.replace(at.find("@localhost"), 10, "@127.0.0.1");
    return at;
  }
  /// The same, encrypted and the server's certificate checked.
  std::string relayed_tls(const std::string& options = {}) const {
    const auto base = with_port(server().setting("POSTGRES_TLS_URL"), relay_->port());
    return base + "&schema=" + schema() + "&application_name=" + schema() + (options.empty() ? "" : "&" + options);
  }
  /// The counts of scripts/test --full take much longer.
  static bool full() { return std::getenv("WEIR_FULL") != nullptr; }

 private:
  std::optional<Relay> relay_;
};

}  // namespace weir::test
