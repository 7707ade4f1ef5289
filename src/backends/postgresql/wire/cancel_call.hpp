#pragma once

// How a cancel request gets to the server: on a connection of its own, encrypted and checked when the connection that
// it is for is.

#include "backends/postgresql/wire/cancel_key.hpp"
#include "backends/postgresql/wire/cancel_tls.hpp"
#include "backends/postgresql/wire/library.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace weir::postgres {

class CancelCall {
 public:
  enum class Delivered { no, perhaps, yes };

  // Takes from the connection what it needs; that may be gone when the call is made.
  CancelCall(PGconn* connection, const CancelKey& key);

  // Ends when the server has closed the connection, which it does when it has sent the signal; throws what went wrong.
  static awaitable<void> make(std::shared_ptr<CancelCall> self, boost::asio::any_io_executor executor,
                              std::chrono::milliseconds patience);
  Delivered delivered() const noexcept { return delivered_; }

 private:
  using Clock = std::chrono::steady_clock;
  awaitable<void> by_libpq(boost::asio::any_io_executor executor, Clock::time_point deadline);
  awaitable<void> by_folder(boost::asio::any_io_executor executor, Clock::time_point deadline);
  awaitable<void> by_address(boost::asio::any_io_executor executor, Clock::time_point deadline);
  template <class Stream>
  awaitable<void> say(Stream& stream);

  const std::string request_;
  std::string host_;     // or the folder of a Unix socket
  std::string address_;  // numeric
  std::string port_;
  std::optional<CancelTls> tls_;
  std::shared_ptr<pg_cancel_conn> newer_;  // libpq's own way, when it has one that neither blocks nor speaks in clear
  Delivered delivered_ = Delivered::no;
};

}  // namespace weir::postgres
