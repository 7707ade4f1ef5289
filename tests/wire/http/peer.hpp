#pragma once

// A server of which every byte is said by the test: one script for each connection, run on a thread of its own with
// blocking calls, so that it reads from top to bottom. It ends when the client closes, or when the server is destroyed.

#include <openssl/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::test {

/// One request as it came.
struct Received {
  std::string head;
  std::string body;
  bool complete = false;

  std::string method() const { return head.substr(0, head.find(' ')); }
  std::string target() const;
  /// The value of a field, "" when there is none.
  std::string field(std::string_view name) const;
};

/// One accepted connection.
class Peer {
 public:
  Peer(int socket, int number) : socket_(socket), number_(number) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  /// 1, 2, 3… in the order of arrival.
  int number() const noexcept { return number_; }
  /// From here on TLS; false: the handshake failed.
  bool secure(SSL_CTX* context);
  bool session_was_reused() const;
  /// The common name of the client's certificate, "" when it showed none.
  std::string client_name() const;

  /// Up to the empty line; none: the client is gone.
  std::optional<std::string> read_head();
  /// Head and body; not `complete` when the client went away within it.
  std::optional<Received> read_request();
  /// The body that follows a head.
  bool read_body(Received& request);
  /// False: the client is gone.
  bool send(std::string_view bytes);
  bool answer(int status, std::string_view body, std::string_view fields = {});
  /// One byte after the other with a pause between, until the client is gone.
  void drip(std::string_view bytes, std::chrono::milliseconds pause);
  /// Until the client closes or `most` is over; true: it closed.
  bool wait_for_close(std::chrono::milliseconds most = std::chrono::seconds{20});
  /// TLS's own end of the conversation (close_notify).
  void say_goodbye();
  /// "I will send no more."
  void half_close();
  void close();
  /// Closes so that the client gets a reset.
  void reset();
  int socket() const noexcept { return socket_; }

 private:
  friend class ScriptedServer;
  long receive(char* to, std::size_t size);

  std::atomic<int> socket_;
  int number_;
  std::string buffer_;
  SSL* tls_ = nullptr;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  /// @param address "127.0.0.1" or "::1"
  explicit ScriptedServer(Script script, const char* address = "127.0.0.1");
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string secure_origin(std::string_view host = "localhost") const {
    return "https://" + std::string(host) + ":" + std::to_string(port_);
  }
  int connections() const noexcept { return connections_; }

 private:
  void accept_all();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<std::shared_ptr<Peer>> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace weir::test
