#include "wire/http/peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <stdexcept>

namespace weir::test {

std::string Received::target() const {
  const auto begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::string Received::field(std::string_view name) const {
  for (auto at = head.find("\r\n"); at != std::string::npos && at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0)
      return line.substr(line.find_first_not_of(' ', name.size() + 1));
  }
  return {};
}

Peer::~Peer() {
  if (tls_ != nullptr) SSL_free(tls_);
  close();
}

bool Peer::secure(SSL_CTX* context) {
  tls_ = SSL_new(context);
  SSL_set_fd(tls_, socket_);
  return SSL_accept(tls_) == 1;
}

bool Peer::session_was_reused() const { return SSL_session_reused(tls_) == 1; }

std::string Peer::client_name() const {
  auto* const certificate = SSL_get1_peer_certificate(tls_);
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(), name.size());
  X509_free(certificate);
  return name.data();
}

long Peer::receive(char* to, std::size_t size) {
  if (tls_ != nullptr) return SSL_read(tls_, to, static_cast<int>(size));
  return ::recv(socket_, to, size, 0);
}

std::optional<std::string> Peer::read_head() {
  std::array<char, 16384> piece{};
  for (;;) {
    if (const auto end = buffer_.find("\r\n\r\n"); end != std::string::npos) {
      auto head = buffer_.substr(0, end + 4);
      buffer_.erase(0, end + 4);
      return head;
    }
    const auto count = receive(piece.data(), piece.size());
    if (count <= 0) return std::nullopt;
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
  }
}

bool Peer::read_body(Received& request) {
  std::array<char, 65536> piece{};
  const auto more = [&] {
    const auto count = receive(piece.data(), piece.size());
    if (count <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
    return true;
  };
  if (request.field("Transfer-Encoding") == "chunked") {
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (!more()) return false;
      const auto size = std::stoul(buffer_.substr(0, end), nullptr, 16);
      while (buffer_.size() < end + 2 + size + 2)
        if (!more()) return false;
      request.body.append(buffer_, end + 2, size);
      buffer_.erase(0, end + 2 + size + 2);
      if (size == 0) return true;
    }
  }
  const auto length = request.field("Content-Length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size)
    if (!more()) {
      request.body = buffer_;
      return false;
    }
  request.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return true;
}

std::optional<Received> Peer::read_request() {
  auto head = read_head();
  if (!head) return std::nullopt;
  Received request;
  request.head = std::move(*head);
  request.complete = read_body(request);
  return request;
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = tls_ != nullptr
                           ? static_cast<long>(SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())))
                           : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Peer::answer(int status, std::string_view body, std::string_view fields) {
  return send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              std::string(fields) + "\r\n" + std::string(body));
}

bool Peer::wait_for_close(std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  for (;;) {
    ::pollfd look{};
    look.fd = socket_;
    look.events = POLLRDHUP;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (::poll(&look, 1, static_cast<int>(left.count())) > 0) return true;
  }
}

void Peer::drip(std::string_view bytes, std::chrono::milliseconds pause) {
  for (const char c : bytes) {
    if (!send(std::string_view(&c, 1))) return;
    if (wait_for_close(pause)) return;
  }
}

void Peer::say_goodbye() { SSL_shutdown(tls_); }

void Peer::half_close() { ::shutdown(socket_, SHUT_WR); }

void Peer::close() {
  if (const int socket = socket_.exchange(-1); socket >= 0) ::close(socket);
}

void Peer::reset() {
  const ::linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

ScriptedServer::ScriptedServer(Script script, const char* address_text) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  ::sockaddr_storage address{};
  auto* const plain = reinterpret_cast<::sockaddr*>(&address);
  auto* const four = reinterpret_cast<::sockaddr_in*>(&address);
  auto* const six = reinterpret_cast<::sockaddr_in6*>(&address);
  const bool is_six = std::string_view(address_text).find(':') != std::string_view::npos;
  address.ss_family = is_six ? AF_INET6 : AF_INET;
  void* const number = is_six ? static_cast<void*>(&six->sin6_addr) : static_cast<void*>(&four->sin_addr);
  if (::inet_pton(address.ss_family, address_text, number) != 1) throw std::runtime_error("no address to listen at");
  listener_ = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::socklen_t size = is_six ? sizeof *six : sizeof *four;
  if (::bind(listener_, plain, size) != 0 || ::listen(listener_, 512) != 0 ||
      ::getsockname(listener_, plain, &size) != 0) {
    if (listener_ >= 0) ::close(listener_);
    throw std::runtime_error("no port on the loopback");
  }
  port_ = ntohs(is_six ? six->sin6_port : four->sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

void ScriptedServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    if (socket < 0) continue;
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    auto peer = std::make_shared<Peer>(socket, ++connections_);
    peers_.push_back(peer);
    threads_.emplace_back([this, peer] {
      script_(*peer);
      peer->half_close();
      const std::lock_guard closing(mutex_);
      if (!stopping_) peer->close();
    });
  }
}

ScriptedServer::~ScriptedServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    for (const auto& peer : peers_)
      if (const int socket = peer->socket(); socket >= 0) ::shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

}  // namespace weir::test
