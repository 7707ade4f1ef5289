#pragma once

// Notifications on a connection of its own, which is made again when it is lost.

#include "backends/postgresql/wire/connection.hpp"

#include <weir/awaitable.hpp>
#include <weir/postgresql.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::postgres {

// Its state is touched on its own strand only.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(const boost::asio::any_io_executor& executor, std::shared_ptr<const ConnectSettings> settings,
           std::vector<std::string> channels);

  // Returns when the server listens; goes on in the background from then on.
  static awaitable<void> start(std::shared_ptr<Listener> self);
  static awaitable<PostgresNotification> next(std::shared_ptr<Listener> self);
  // Any thread.
  static void close(const std::shared_ptr<Listener>& self) noexcept;

 private:
  static constexpr std::size_t most_waiting = 10'000;

  static awaitable<void> connect(std::shared_ptr<Listener> self);
  static awaitable<void> keep(std::shared_ptr<Listener> self);
  static awaitable<PostgresNotification> take(std::shared_ptr<Listener> self);
  void push(PostgresNotification notification);
  void end();

  const boost::asio::any_io_executor strand_;
  const std::shared_ptr<const ConnectSettings> settings_;
  const std::shared_ptr<SessionFamily> family_;
  const std::vector<std::string> channels_;
  std::shared_ptr<Session> session_;
  std::deque<PostgresNotification> waiting_;
  std::optional<Error> failed_;
  boost::asio::steady_timer arrived_;  // cancelled when there is something for the reader
  boost::asio::steady_timer lost_;     // cancelled when the connection is gone
  bool closed_ = false;
};

}  // namespace weir::postgres
