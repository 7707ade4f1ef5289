#include "net/dial.hpp"

#include <weir/error.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <netinet/tcp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Several addresses at once: each gets a head start over the next, the first to answer wins.
class Race : public std::enable_shared_from_this<Race> {
 public:
  Race(asio::any_io_executor executor, std::vector<tcp::endpoint> endpoints, std::chrono::milliseconds head_start)
      : executor_(executor),
        endpoints_(std::move(endpoints)),
        head_start_(head_start),
        stagger_(executor),
        done_(executor) {}

  static awaitable<std::optional<tcp::socket>> run(std::shared_ptr<Race> race) {
    race->done_.expires_at(asio::steady_timer::time_point::max());
    race->start_next();
    error_code woken;
    if (!race->over_) co_await race->done_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    const bool given_up = !race->over_;
    race->finish();
    if (given_up) throw boost::system::system_error(asio::error::operation_aborted);
    co_return std::move(race->winner_);
  }
  const error_code& last_error() const noexcept { return last_error_; }

 private:
  void start_next() {
    if (over_ || next_ == endpoints_.size()) return;
    const auto index = next_++;
    ++under_way_;
    auto& socket = sockets_.emplace_back(std::make_unique<tcp::socket>(executor_));
    socket->async_connect(endpoints_[index], [self = shared_from_this(), raw = socket.get()](const error_code& failed) {
      self->answered(*raw, failed);
    });
    if (next_ == endpoints_.size()) return;
    stagger_.expires_after(head_start_);
    stagger_.async_wait([self = shared_from_this(), index](const error_code& stopped) {
      if (!stopped && self->next_ == index + 1) self->start_next();
    });
  }
  void answered(tcp::socket& socket, const error_code& failed) {
    --under_way_;
    if (over_) return;
    if (!failed) {
      winner_.emplace(std::move(socket));
      finish();
      return;
    }
    last_error_ = failed;
    start_next();
    if (under_way_ == 0) finish();
  }
  void finish() {
    if (std::exchange(over_, true)) return;
    stagger_.cancel();
    done_.cancel();
    for (const auto& socket : sockets_) {
      error_code ignored;  // it is given up either way
      socket->close(ignored);
    }
  }

  asio::any_io_executor executor_;
  std::vector<tcp::endpoint> endpoints_;
  std::chrono::milliseconds head_start_;
  asio::steady_timer stagger_;
  asio::steady_timer done_;
  std::vector<std::unique_ptr<tcp::socket>> sockets_;
  std::optional<tcp::socket> winner_;
  error_code last_error_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  bool over_ = false;
};

void set(int socket, int level, int name, long value) {
  const int number = static_cast<int>(value);
  // Fails only where the system does not know the option: the connection works without.
  ::setsockopt(socket, level, name, &number, sizeof number);
}

void prepare(tcp::socket& socket, const PoolOptions& options) {
  const int descriptor = socket.native_handle();
  const auto seconds = [](std::chrono::milliseconds time) { return std::max<long>(1, time.count() / 1000); };
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.tcp_keepalive_idle().count() > 0) {
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE)
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, seconds(options.tcp_keepalive_idle()));
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, seconds(options.tcp_keepalive_interval()));
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, static_cast<long>(options.tcp_keepalive_count()));
#endif
  }
#if defined(TCP_USER_TIMEOUT)
  if (options.tcp_user_timeout().count() > 0)
    set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<long>(options.tcp_user_timeout().count()));
#endif
  socket.non_blocking(true);
}

}  // namespace

Dialer::Dialer(std::string host, std::uint16_t port, std::chrono::milliseconds ttl, PoolOptions options,
               AddressCache::Lookup lookup)
    : host_(std::move(host)),
      port_(port),
      options_(std::move(options)),
      names_(std::make_shared<AddressCache>(
          ttl, lookup ? std::move(lookup) : AddressCache::Lookup([name = host_, port](asio::any_io_executor executor) {
            return resolve(name, port, std::move(executor));
          }))) {}

awaitable<std::vector<tcp::endpoint>> Dialer::addresses(asio::any_io_executor executor) {
  error_code no_address;
  const auto literal = asio::ip::make_address(host_, no_address);
  if (no_address) co_return co_await names_->get(std::move(executor));
  std::vector<tcp::endpoint> only;
  only.emplace_back(literal, port_);
  co_return only;
}

awaitable<tcp::socket> Dialer::dial(asio::any_io_executor executor) {
  auto endpoints = co_await addresses(executor);
  const auto count = endpoints.size();
  auto race = std::make_shared<Race>(executor, std::move(endpoints), options_.attempt_delay());
  auto socket = co_await Race::run(race);
  if (!socket) {
    names_->doubt();
    throw Error(errc::connect_failed, "TCP to " + host_ + ":" + std::to_string(port_) + ": " +
                                          race->last_error().message() +
                                          (count > 1 ? " (the last of " + std::to_string(count) + " addresses)" : ""));
  }
  prepare(*socket, options_);
  co_return std::move(*socket);
}

}  // namespace weir::net
