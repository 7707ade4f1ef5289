#pragma once

// What the pool keeps: a session, and how it is being used.

#include "backends/postgresql/wire/session.hpp"

#include <weir/connection_factory.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace weir::postgres {

class Connection {
 public:
  explicit Connection(std::shared_ptr<Session> made) : session(std::move(made)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { session->close(false); }

  const std::shared_ptr<Session> session;
  // Lent to one user: what that one leaves behind is cleaned up before the next.
  mutable std::atomic<bool> exclusive{false};
};

// Where and how to connect.
class ConnectSettings {
 public:
  struct Host {
    std::string name;  // or the folder of a Unix socket
    std::string port;
  };
  ConnectSettings() = default;
  std::vector<Host> hosts;
  std::vector<std::pair<std::string, std::string>> keywords;  // libpq's, without hosts and addresses
  std::string target_session_attrs = "any";
  bool shuffle_hosts = false;
  bool server_timeouts = true;
  std::size_t statement_cache = 256;
  std::chrono::milliseconds connect_timeout{10'000};
};

class ConnectionFactory final : public weir::ConnectionFactory<Connection> {
 public:
  ConnectionFactory(std::shared_ptr<const ConnectSettings> settings, std::shared_ptr<SessionFamily> family);

  awaitable<std::unique_ptr<Connection>> connect() override;
  awaitable<bool> ping(Connection& connection) override;
  awaitable<bool> reset(Connection& connection) override;
  bool usable(const Connection& connection) noexcept override;
  ReturnAs on_return(const Connection& connection) noexcept override;
  void abandon(std::unique_ptr<Connection> connection) noexcept override;
  std::optional<std::uint64_t> server_limit() const noexcept override;

 private:
  const std::shared_ptr<const ConnectSettings> settings_;
  const std::shared_ptr<SessionFamily> family_;
  std::atomic<std::uint64_t> server_limit_{0};
};

// One attempt after the other: each host, each of its addresses. On the executor it is awaited on.
awaitable<std::shared_ptr<Session>> connect_session(std::shared_ptr<const ConnectSettings> settings,
                                                    std::shared_ptr<SessionFamily> family);
// The first words on a new connection: who is there, and how long the server keeps what a dead client left. Gives the
// number of connections the server allows.
awaitable<std::uint64_t> introduce(std::shared_ptr<Session> session, bool server_timeouts, int process);

}  // namespace weir::postgres
