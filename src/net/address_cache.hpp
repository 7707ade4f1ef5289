#pragma once

#include "net/addresses.hpp"
#include "net/waiting_list.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace weir::net {

/// The addresses of one name on one loop. However many ask at once, the name is looked up once, by a coroutine that
/// none of them ends by giving up.
///
/// *Thread safety*: any; the coroutines run where they are awaited.
class AddressCache : public std::enable_shared_from_this<AddressCache> {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  /// Gives at least one, or throws. It runs on the loop of whoever asked first.
  using Lookup = std::function<awaitable<std::vector<Endpoint>>(boost::asio::any_io_executor)>;

  AddressCache(std::chrono::milliseconds ttl, Lookup lookup) : lookup_(std::move(lookup)), book_(ttl) {}

  /// In the order to try them (AddressBook::order). When the lookup fails: those that are known, for a while; then its
  /// error, which all have who waited for it.
  awaitable<std::vector<Endpoint>> get(boost::asio::any_io_executor executor);
  /// None of them answered: the next `get` looks again.
  void doubt();

 private:
  struct Flight;
  class Turn;
  static awaitable<void> look_up(std::shared_ptr<AddressCache> cache, std::shared_ptr<Flight> flight,
                                 boost::asio::any_io_executor executor);

  const Lookup lookup_;
  std::mutex mutex_;
  AddressBook<Endpoint> book_;
  std::shared_ptr<Flight> flight_;  ///< none: nobody is looking
  WaitingList waiters_{mutex_};
};

/// What the system's resolver says, without blocking the loop. Throws `connect_failed` naming the host.
awaitable<std::vector<AddressCache::Endpoint>> resolve(std::string host, std::uint16_t port,
                                                       boost::asio::any_io_executor executor);

}  // namespace weir::net
