#include "backends/postgresql/wire/listener.hpp"

#include "backends/postgresql/sql/table.hpp"
#include "net/strand_call.hpp"
#include "observability/logger.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{2'000};

}  // namespace

Listener::Listener(const asio::any_io_executor& executor, std::shared_ptr<const ConnectSettings> settings,
                   std::vector<std::string> channels)
    : strand_(asio::make_strand(executor)),
      settings_(std::move(settings)),
      family_(std::make_shared<SessionFamily>()),
      channels_(std::move(channels)),
      arrived_(strand_),
      lost_(strand_) {}

awaitable<void> Listener::start(std::shared_ptr<Listener> self) {
  if (self->channels_.empty()) throw Error(errc::invalid_argument, "no channel to listen on");
  auto first = connect(self);
  const auto here = co_await asio::this_coro::executor;
  const auto keep_running = asio::make_work_guard(here);
  co_await net::call_on_strand<void>(self->strand_, std::move(first));
  asio::co_spawn(self->strand_, keep(self), asio::detached);
}

awaitable<void> Listener::connect(std::shared_ptr<Listener> self) {
  auto session = co_await connect_session(self->settings_, self->family_);
  co_await introduce(session, self->settings_->server_timeouts, session->greeted_by());
  if (self->family_->pooler.load(std::memory_order_relaxed)) {
    session->close(false);
    throw Error(errc::unsupported, "LISTEN through a pooler in transaction mode: connect to the server itself for it");
  }
  session->on_notification = [weak = std::weak_ptr(self)](std::string channel, std::string payload, int process) {
    const auto listener = weak.lock();
    if (!listener) return;
    PostgresNotification notification;
    notification.channel = std::move(channel);
    notification.payload = std::move(payload);
    notification.process = process;
    listener->push(std::move(notification));
  };
  session->on_close = [weak = std::weak_ptr(self)] {
    if (const auto listener = weak.lock()) listener->lost_.cancel();
  };
  auto request = std::make_shared<Request>();
  request->deadline = Clock::now() + self->settings_->connect_timeout;
  for (const std::string& channel : self->channels_)
    request->statements.emplace_back("LISTEN " + quote_identifier(channel), std::vector<Parameter>{}, false);
  co_await Session::run(session, request);
  request->check();
  if (self->closed_) {
    session->close(false);
    throw Error(errc::cancelled, "the listener was closed");
  }
  self->session_ = std::move(session);
}

// Until it is closed. The loop owns it through this coroutine.
awaitable<void> Listener::keep(std::shared_ptr<Listener> self) {
  auto pause = first_pause;
  while (!self->closed_) {
    boost::system::error_code ignored;
    if (self->session_ && !self->session_->closed()) {
      self->lost_.expires_at(Clock::time_point::max());
      co_await self->lost_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    std::optional<Error> failed;
    bool well = false;
    try {
      co_await connect(self);
      well = true;
    } catch (const Error& error) {
      failed = error;
    } catch (const std::exception& error) {
      failed = Error(errc::connect_failed, error.what());
    }
    if (well) {
      pause = first_pause;
      PostgresNotification gap;
      gap.gap = true;
      self->push(std::move(gap));
      continue;
    }
    if (self->closed_) co_return;
    if (!failed->transient()) {
      // Kept until it is closed, so that the reader hears of it.
      self->failed_ = failed;
      self->arrived_.cancel();
      self->lost_.expires_at(Clock::time_point::max());
      co_await self->lost_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_return;
    }
    log::component("postgres")
        .write(log::Level::warning, "a listener's connection is made again: " + std::string(failed->what()));
    self->lost_.expires_after(pause);
    co_await self->lost_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    pause = std::min(pause * 2, longest_pause);
  }
}

void Listener::push(PostgresNotification notification) {
  if (waiting_.size() >= most_waiting) {
    waiting_.pop_front();
    waiting_.front() = PostgresNotification();
    waiting_.front().gap = true;
  }
  waiting_.push_back(std::move(notification));
  arrived_.cancel();
}

awaitable<PostgresNotification> Listener::next(std::shared_ptr<Listener> self) {
  auto taking = take(self);
  const auto here = co_await asio::this_coro::executor;
  const auto keep_running = asio::make_work_guard(here);
  auto notification = co_await net::call_on_strand<PostgresNotification>(self->strand_, std::move(taking));
  co_return notification;
}

awaitable<PostgresNotification> Listener::take(std::shared_ptr<Listener> self) {
  for (;;) {
    if (!self->waiting_.empty()) {
      PostgresNotification next = std::move(self->waiting_.front());
      self->waiting_.pop_front();
      co_return next;
    }
    if (self->failed_) throw *self->failed_;
    if (self->closed_) throw Error(errc::cancelled, "the listener was closed");
    boost::system::error_code ignored;
    self->arrived_.expires_at(Clock::time_point::max());
    co_await self->arrived_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw Error(errc::cancelled, "cancelled while waiting for a notification");
  }
}

void Listener::close(const std::shared_ptr<Listener>& self) noexcept {
  asio::post(self->strand_, [self] { self->end(); });
}

void Listener::end() {
  closed_ = true;
  if (session_) session_->close(false);
  lost_.cancel();
  arrived_.cancel();
}

}  // namespace weir::postgres
