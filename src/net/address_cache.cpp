#include "net/address_cache.hpp"

#include <weir/error.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace weir::net {

namespace asio = boost::asio;
using asio::ip::tcp;

/// One lookup. With the mutex of the cache.
struct AddressCache::Flight {
  Flight() = default;
  bool ended = false;
  std::exception_ptr failure;
};

/// Ends the flight, also when its coroutine is destroyed with the loop.
class AddressCache::Turn {
 public:
  Turn(std::shared_ptr<AddressCache> cache, std::shared_ptr<Flight> flight)
      : cache_(std::move(cache)), flight_(std::move(flight)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  // The mutex is held while others are told, so that none of them ends meanwhile.
  ~Turn() {
    const std::lock_guard lock(cache_->mutex_);
    flight_->ended = true;
    cache_->flight_.reset();
    cache_->waiters_.ring();
  }

 private:
  std::shared_ptr<AddressCache> cache_;
  std::shared_ptr<Flight> flight_;
};

awaitable<void> AddressCache::look_up(std::shared_ptr<AddressCache> cache, std::shared_ptr<Flight> flight,
                                      asio::any_io_executor executor) {
  const Turn turn(cache, flight);
  std::vector<Endpoint> found;
  std::exception_ptr failure;
  try {
    found = co_await cache->lookup_(executor);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(cache->mutex_);
  flight->failure = failure;
  if (failure) co_return;
  std::vector<AddressBook<Endpoint>::Entry> entries;
  for (const auto& endpoint : found) entries.push_back({endpoint, endpoint.address().is_v6()});
  cache->book_.put(std::move(entries), std::chrono::steady_clock::now());
}

awaitable<std::vector<AddressCache::Endpoint>> AddressCache::get(asio::any_io_executor executor) {
  const auto self = shared_from_this();
  std::shared_ptr<Flight> flight;
  for (;;) {
    bool begin = false;
    {
      const auto now = std::chrono::steady_clock::now();
      const std::lock_guard lock(mutex_);
      if (flight && flight->ended) {
        if (book_.usable(now)) co_return book_.order();
        if (flight->failure) std::rethrow_exception(flight->failure);
        throw boost::system::system_error(asio::error::operation_aborted);
      }
      if (!flight) {
        if (book_.fresh(now)) co_return book_.order();
        begin = !flight_;
        if (begin) flight_ = std::make_shared<Flight>();
        flight = flight_;
      }
    }
    if (begin) asio::co_spawn(executor, look_up(self, flight, executor), [](std::exception_ptr) {});
    const auto over = [&flight] { return flight->ended; };
    const WaitingList::Waiter waiter({self, &waiters_}, executor, asio::steady_timer::time_point::max(), over);
    co_await waiter.wait();
  }
}

void AddressCache::doubt() {
  const std::lock_guard lock(mutex_);
  book_.doubt();
}

awaitable<std::vector<AddressCache::Endpoint>> resolve(std::string host, std::uint16_t port,
                                                       asio::any_io_executor executor) {
  tcp::resolver resolver(executor);
  boost::system::error_code failed;
  const auto service = std::to_string(port);
  const auto found = co_await resolver.async_resolve(host, service, asio::ip::resolver_base::numeric_service,
                                                     asio::redirect_error(asio::use_awaitable, failed));
  if (failed == asio::error::operation_aborted) throw boost::system::system_error(failed);
  if (failed || found.empty())
    throw Error(errc::connect_failed, "the name " + host + " has no address: " +
                                          (failed ? failed.message() : std::string("the answer is empty")));
  std::vector<AddressCache::Endpoint> out;
  for (const auto& result : found) out.push_back(result.endpoint());
  co_return out;
}

}  // namespace weir::net
