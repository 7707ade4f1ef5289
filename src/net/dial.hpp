#pragma once

#include "net/address_cache.hpp"

#include <weir/awaitable.hpp>
#include <weir/pool_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::net {

/// Opens TCP connections to one host: looks the name up without blocking the loop, keeps what it found for a while, and
/// races the addresses (RFC 8305, "Happy Eyeballs").
///
/// *Thread safety*: any; the coroutines run where they are awaited. It outlives them.
class Dialer {
 public:
  /// @param lookup instead of the system's resolver; not asked when `host` is an address
  Dialer(std::string host, std::uint16_t port, std::chrono::milliseconds ttl, PoolOptions options,
         AddressCache::Lookup lookup = {});

  /// A connected socket with TCP_NODELAY, keep-alive and TCP_USER_TIMEOUT set, not blocking, on `executor`. Throws
  /// `connect_failed` naming host and phase; what cancelled it as it comes.
  awaitable<boost::asio::ip::tcp::socket> dial(boost::asio::any_io_executor executor);

 private:
  awaitable<std::vector<AddressCache::Endpoint>> addresses(boost::asio::any_io_executor executor);

  const std::string host_;
  const std::uint16_t port_;
  const PoolOptions options_;
  const std::shared_ptr<AddressCache> names_;
};

}  // namespace weir::net
