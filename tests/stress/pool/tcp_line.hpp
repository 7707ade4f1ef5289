#pragma once

// A server on the loopback interface that can be gone, silent or slow, and connections to it.
#include "stress/pool/line.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <sys/socket.h>

#include <list>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir::test {

using asio::ip::tcp;

/// Greets everybody with a byte and answers every byte with one, unless told otherwise. It runs on a thread of its own.
class TcpServer {
 public:
  TcpServer() : work_(asio::make_work_guard(loop_)), thread_([this] { loop_.run(); }) {
    tcp::acceptor place(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port_ = place.local_endpoint().port();
    place.close();
    on_thread([this] { bind(); });
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;
  ~TcpServer() {
    on_thread([this] { leave(); });
    work_.reset();
    loop_.stop();
    thread_.join();
  }

  /// Connects are accepted from now on.
  void come() {
    on_thread([this] {
      acceptor_->listen();
      accept();
    });
  }
  /// All connections are reset, new ones refused.
  void go() {
    on_thread([this] {
      leave();
      bind();
    });
  }
  std::uint16_t port() const { return port_; }

  std::atomic<bool> silent{false};                 ///< neither greets nor answers: half-open
  std::atomic<int> silent_up_to{0};                ///< so are the connections accepted first, this many of them
  std::atomic<std::chrono::milliseconds> delay{};  ///< before each answer
  std::atomic<int> accepted{0}, open{0}, most_open{0};

 private:
  template <class Call>
  void on_thread(Call call) {
    asio::post(loop_, asio::use_future(call)).get();
  }
  // Bound but not listening: the port stays ours, and connects to it are refused.
  void bind() {
    acceptor_.emplace(loop_);
    acceptor_->open(tcp::v4());
    acceptor_->set_option(tcp::acceptor::reuse_address(true));
    acceptor_->bind(tcp::endpoint(asio::ip::address_v4::loopback(), port_));
  }
  void leave() {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    for (const auto& peer : peers_) {
      peer->set_option(tcp::socket::linger(true, 0), ignored);  // reset, not a goodbye
      peer->close(ignored);
    }
    peers_.clear();
  }
  void accept() {
    acceptor_->async_accept([this](const boost::system::error_code& failed, tcp::socket peer) {
      if (failed) return;
      const int number = ++accepted;
      const auto shared = std::make_shared<tcp::socket>(std::move(peer));
      peers_.insert(shared);
      asio::co_spawn(loop_, serve(shared, number), asio::detached);
      accept();
    });
  }
  awaitable<void> serve(std::shared_ptr<tcp::socket> peer, int number) {
    most_open = std::max(most_open.load(), ++open);
    boost::system::error_code failed;
    char byte = 'h';
    if (!silent)
      co_await asio::async_write(*peer, asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, failed));
    while (!failed) {
      co_await asio::async_read(*peer, asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, failed));
      if (failed) break;
      if (delay.load().count() > 0) {
        asio::steady_timer timer(loop_, delay.load());
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      }
      if (!silent && number > silent_up_to)
        co_await asio::async_write(*peer, asio::buffer(&byte, 1), asio::redirect_error(asio::use_awaitable, failed));
    }
    --open;
    peers_.erase(peer);
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::uint16_t port_ = 0;
  std::optional<tcp::acceptor> acceptor_;
  std::set<std::shared_ptr<tcp::socket>> peers_;
  std::thread thread_;
};

struct TcpLine {
  explicit TcpLine(const asio::any_io_executor& executor) : socket(executor) {}
  tcp::socket socket;
  int number = 0;
};

/// One request and its answer.
inline awaitable<void> talk(TcpLine& line) {
  char byte = 'q';
  co_await asio::async_write(line.socket, asio::buffer(&byte, 1), asio::use_awaitable);
  co_await asio::async_read(line.socket, asio::buffer(&byte, 1), asio::use_awaitable);
}

class TcpLines : public ConnectionFactory<TcpLine> {
 public:
  explicit TcpLines(std::uint16_t port) : ports_{port} {}
  /// Several endpoints, whose names are their ports.
  explicit TcpLines(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {}

  std::vector<std::string> endpoints() const override {
    std::vector<std::string> names;
    if (ports_.size() > 1)
      for (const auto port : ports_) names.push_back(std::to_string(port));
    return names;
  }
  awaitable<std::unique_ptr<TcpLine>> connect() override { return connect_to(0); }
  awaitable<std::unique_ptr<TcpLine>> connect_to(std::size_t endpoint) override {
    struct UnderWay {
      explicit UnderWay(TcpLines& lines) : all(lines) {
        ++all.attempts;
        const int now = ++all.connecting;
        for (int before = all.most; now > before && !all.most.compare_exchange_weak(before, now);) {
        }
      }
      ~UnderWay() { --all.connecting; }
      TcpLines& all;
    };
    const UnderWay counted(*this);
    auto line = std::make_unique<TcpLine>(co_await asio::this_coro::executor);
    const tcp::endpoint there(asio::ip::address_v4::loopback(), ports_.at(endpoint));
    co_await line->socket.async_connect(there, asio::use_awaitable);
    char greeting = 0;
    co_await asio::async_read(line->socket, asio::buffer(&greeting, 1), asio::use_awaitable);
    line->number = ++made;
    co_return line;
  }
  awaitable<bool> ping(TcpLine& line) override {
    co_await talk(line);
    co_return true;
  }
  /// Nothing unread, and not closed by the other side.
  bool usable(const TcpLine& line) noexcept override {
    char byte = 0;
    const auto got = ::recv(const_cast<TcpLine&>(line).socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  std::atomic<int> attempts{0}, connecting{0}, most{0}, made{0};

 private:
  const std::vector<std::uint16_t> ports_;
};

using TcpPool = Pool<TcpLine>;

inline std::shared_ptr<TcpPool> tcp_pool(asio::io_context& loop, std::shared_ptr<TcpLines> lines, PoolOptions options) {
  return PoolRegistry::of(loop.get_executor())
      .get<TcpLine>(PoolKey("tcp", "loopback"), std::move(lines), std::move(options));
}

}  // namespace weir::test
