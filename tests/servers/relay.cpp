#include "servers/relay.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>

namespace weir::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto use = asio::use_awaitable;

struct Faults {
  unsigned refuse_every = 0;
  std::size_t cut_after = Relay::never;
  std::string lost_answer;
  unsigned drip = 0;
  unsigned cancel_delay = 0;
  bool hold = false;
  std::uint16_t target = 0;
};

struct Link {
  explicit Link(asio::io_context& io) : client(io), server(io), pause(io) {}
  void cut() {
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
    pause.cancel();
  }
  tcp::socket client;
  tcp::socket server;
  asio::steady_timer pause;
  std::size_t budget = Relay::never;
  bool doomed = false;  // the next answer is lost
};
using LinkPtr = std::shared_ptr<Link>;

// https://www.postgresql.org/docs/15/protocol-message-formats.html, "CancelRequest"
bool is_cancel(std::string_view bytes) {
  return bytes.size() == 16 && bytes.substr(0, 8) == std::string_view("\0\0\0\x10\x04\xd2\x16\x2e", 8);
}

}  // namespace

class Relay::Impl {
 public:
  explicit Impl(std::uint16_t target)
      : acceptor_(io_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)),
        port_(acceptor_.local_endpoint().port()) {
    faults_.target = target;
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      for (const auto& link : links_) link->cut();
    });
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  template <class Change>
  void set(Change change) {
    const std::lock_guard lock(mutex_);
    change(faults_);
  }
  Faults faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }
  void cut_all() {
    asio::post(io_, [this] {
      for (const auto& link : links_) link->cut();
    });
  }

  std::uint16_t port() const noexcept { return port_; }
  std::atomic<std::size_t> accepted{0};
  std::atomic<std::size_t> alive{0};
  std::atomic<std::size_t> bytes_back{0};
  std::atomic<std::size_t> clear_cancels{0};

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto link = std::make_shared<Link>(io_);
      error_code failed;
      co_await acceptor_.async_accept(link->client, asio::redirect_error(use, failed));
      if (failed == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (failed) continue;
      const auto number = accepted++;
      const Faults now = faults();
      if (now.refuse_every != 0 && number % now.refuse_every == 0) continue;
      link->budget = now.cut_after;
      asio::co_spawn(io_, serve(link), asio::detached);
    }
  }

  asio::awaitable<void> serve(LinkPtr link) {
    links_.insert(link);
    ++alive;
    error_code failed;
    const tcp::endpoint target(asio::ip::make_address("127.0.0.1"), faults().target);
    co_await link->server.async_connect(target, asio::redirect_error(use, failed));
    if (!failed) {
      link->client.set_option(tcp::no_delay(true), failed);
      link->server.set_option(tcp::no_delay(true), failed);
      asio::co_spawn(io_, forward(link), asio::detached);
      co_await back(link);
    }
    link->cut();
    links_.erase(link);
    --alive;
  }

  asio::awaitable<void> forward(LinkPtr link) {
    std::array<char, 16384> buffer{};
    for (;;) {
      error_code failed;
      const auto size = co_await link->client.async_read_some(asio::buffer(buffer), asio::redirect_error(use, failed));
      if (failed) break;
      const Faults now = faults();
      const std::string_view text(buffer.data(), size);
      if (!now.lost_answer.empty() && text.find(now.lost_answer) != std::string_view::npos) link->doomed = true;
      const bool cancels = is_cancel(text);
      if (cancels) ++clear_cancels;
      if (now.cancel_delay != 0 && cancels) {
        asio::steady_timer pause(io_, std::chrono::milliseconds(now.cancel_delay));
        co_await pause.async_wait(asio::redirect_error(use, failed));
      }
      co_await asio::async_write(link->server, asio::buffer(buffer.data(), size), asio::redirect_error(use, failed));
      if (failed) break;
    }
    error_code ignored;
    link->server.shutdown(tcp::socket::shutdown_send, ignored);
  }

  asio::awaitable<void> back(LinkPtr link) {
    std::array<char, 16384> buffer{};
    for (;;) {
      error_code failed;
      const auto size = co_await link->server.async_read_some(asio::buffer(buffer), asio::redirect_error(use, failed));
      if (failed || link->doomed) co_return;
      bytes_back += size;
      std::size_t at = 0;
      while (at < size) {
        const Faults now = faults();
        if (now.hold) {
          link->pause.expires_after(std::chrono::milliseconds(5));
          co_await link->pause.async_wait(asio::redirect_error(use, failed));
          if (!link->client.is_open()) co_return;
          continue;
        }
        std::size_t piece = std::min(size - at, link->budget);
        if (piece == 0) co_return;
        if (now.drip != 0) piece = 1;
        co_await asio::async_write(link->client, asio::buffer(buffer.data() + at, piece),
                                   asio::redirect_error(use, failed));
        if (failed) co_return;
        at += piece;
        if (link->budget != Relay::never) link->budget -= piece;
        if (now.drip == 0) continue;
        link->pause.expires_after(std::chrono::milliseconds(now.drip));
        co_await link->pause.async_wait(asio::redirect_error(use, failed));
        if (!link->client.is_open()) co_return;
      }
      if (link->budget == 0) co_return;
    }
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  const std::uint16_t port_;
  mutable std::mutex mutex_;
  Faults faults_;
  std::set<LinkPtr> links_;
  std::thread thread_;
};

Relay::Relay(std::uint16_t target_port) : impl_(std::make_unique<Impl>(target_port)) {}
Relay::~Relay() = default;

std::uint16_t Relay::port() const noexcept { return impl_->port(); }
void Relay::refuse_every(unsigned n) {
  impl_->set([n](Faults& f) { f.refuse_every = n; });
}
void Relay::cut_after(std::size_t bytes) {
  impl_->set([bytes](Faults& f) { f.cut_after = bytes; });
}
void Relay::lose_answer_to(std::string text) {
  impl_->set([&text](Faults& f) { f.lost_answer = text; });
}
void Relay::drip(unsigned milliseconds) {
  impl_->set([milliseconds](Faults& f) { f.drip = milliseconds; });
}
void Relay::hold(bool on) {
  impl_->set([on](Faults& f) { f.hold = on; });
}
void Relay::delay_cancels(unsigned milliseconds) {
  impl_->set([milliseconds](Faults& f) { f.cancel_delay = milliseconds; });
}
void Relay::lead_to(std::uint16_t port) {
  impl_->set([port](Faults& f) { f.target = port; });
}
void Relay::cut_all() { impl_->cut_all(); }
std::size_t Relay::accepted() const { return impl_->accepted; }
std::size_t Relay::alive() const { return impl_->alive; }
std::size_t Relay::clear_cancels() const { return impl_->clear_cancels; }
std::size_t Relay::bytes_back() const { return impl_->bytes_back; }

namespace {

// Where the digits of the port begin and end.
std::pair<std::size_t, std::size_t> port_place(const std::string& url) {
  const auto slashes = url.find("://");
  const auto begin = slashes == std::string::npos ? 0 : slashes + 3;
  const auto end = std::min(url.find('/', begin), url.size());
  const auto colon = url.rfind(':', end);
  return {colon + 1, end};
}

}  // namespace

std::uint16_t port_of(const std::string& url) {
  const auto [begin, end] = port_place(url);
  return static_cast<std::uint16_t>(std::stoul(url.substr(begin, end - begin)));
}

std::string with_port(const std::string& url, std::uint16_t port) {
  const auto [begin, end] = port_place(url);
  return url.substr(0, begin) + std::to_string(port) + url.substr(end);
}

}  // namespace weir::test
