#pragma once

// One connection to a server, in libpq's pipeline mode: requests of many coroutines are on their way at the same time,
// each answered in its turn. See docs/postgresql.md, "Sharing a connection".
//
// Everything runs on the connection's executor; `run` may be awaited on any executor of the same loop.

#include "backends/postgresql/wire/cancel_key.hpp"
#include "backends/postgresql/wire/cancel_limit.hpp"
#include "backends/postgresql/wire/open_sessions.hpp"
#include "backends/postgresql/wire/request.hpp"
#include "backends/postgresql/wire/socket_copy.hpp"
#include "pool/loop.hpp"

#include <weir/awaitable.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::postgres {

// What sessions of one pool know in common.
class SessionFamily {
 public:
  CancelLimit cancels;
  std::atomic<bool> pooler{false};  // a transaction-mode PgBouncer is in between: no named statements, no session state
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // Takes over a connection that is ready.
  Session(boost::asio::any_io_executor executor, PGconn* connection, std::optional<CancelKey> cancel_key,
          std::shared_ptr<SessionFamily> family, std::size_t statement_cache);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();
  // After construction.
  void open();

  // Ends when the request was answered, its deadline passed, or the caller cancelled it; what came of it stands in the
  // request. Never throws for what the server says.
  static awaitable<void> run(std::shared_ptr<Session> self, RequestPtr request, Clock::time_point deadline);
  static awaitable<void> run(std::shared_ptr<Session> self, RequestPtr request) {
    const auto deadline = request->deadline;
    return run(std::move(self), std::move(request), deadline);
  }
  // Starts it without waiting; `run` may then wait for it, or nobody.
  static void post(std::shared_ptr<Session> self, RequestPtr request);

  // On the session's executor. Gives up everything that is on its way, and cancels it on the server.
  void abandon_all();
  // Closes the connection; whoever waits is answered. Says goodbye to the server unless `silent`.
  void close(bool silent) noexcept;

  // These may be asked on any thread of the loop.
  bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
  // Nothing on its way.
  bool idle() const noexcept { return !busy_.load(std::memory_order_acquire); }
  // The peer has closed it, or said something nobody asked for. While idle.
  bool readable() const noexcept;
  // It answered a moment ago, and nothing else was there: asking the system again would tell nothing new.
  bool just_heard() const noexcept;
  // How long the oldest statement that is on its way has been at the head of the line; 0 when there is none.
  Clock::duration head_age() const noexcept;
  bool in_transaction() const noexcept { return open_transaction_.load(std::memory_order_acquire); }
  // The session's settings may differ from what they were.
  bool dirty() const noexcept { return dirty_.load(std::memory_order_acquire); }
  void mark_dirty() noexcept { dirty_.store(true, std::memory_order_release); }
  void was_reset();
  // The server's own limit for a statement, 0 for none.
  void limit_is(std::chrono::milliseconds limit) noexcept { limit_.store(limit.count(), std::memory_order_relaxed); }
  // What the server said, and whether its limit was the reason.
  ServerError explain(ServerError error, Clock::duration running) const;
  SessionFamily& family_of() const noexcept { return *family_; }
  int greeted_by() const noexcept { return greeted_by_; }  // as the server, or a pooler, greeted
  std::string parameter(const char* name) const;
  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  // Notifications that came in; kept only once somebody listens.
  std::function<void(std::string channel, std::string payload, int process)> on_notification;
  // Once, on the session's executor.
  std::function<void()> on_close;

 private:
  friend class CopyChannel;  // which has the connection to itself for a while
  enum class Cancel { none, wanted, sent, fencing };
  struct Initiate;

  bool here() const noexcept { return plain_ && loop_.running_here(); }
  void start(RequestPtr request);
  void wait_for(const RequestPtr& request);
  void write(const RequestPtr& request);
  bool send(Request& request);
  bool send_statement(Request& request, const Statement& statement);
  bool send_close(const std::string& name);
  bool send_sync();
  void flush();
  void push();
  void cork();
  void publish() noexcept;
  void read_on();
  void on_readable();
  void process();
  void take_result(ResultPtr result);
  static bool left_something(const Request& head, const Request::Step& step, const PGresult* result);
  void refused_at_commit(Request& head, ServerError error);
  void finish_head();
  void at_head(Clock::time_point now) noexcept;
  void head_arrived();
  void start_waiting();
  void lost(bool fatal_seen);
  void answer(Request& request);
  void deliver();
  void take_notifications();

  void give_up(const RequestPtr& request, errc why);
  void abandon(const RequestPtr& request);
  void want_cancel();
  void send_cancel();
  void cancel_sent();
  void fence_answered();

  void arm(Clock::time_point due);
  void timer_fired();

  const boost::asio::any_io_executor executor_;
  const weir::detail::Loop loop_;
  const bool plain_;  // no strand around it: whatever runs on the loop runs on the session's executor
  PGconn* connection_;
  const std::optional<CancelKey> cancel_key_;
  const std::shared_ptr<SessionFamily> family_;
  std::shared_ptr<OpenSessions> open_sessions_;
  const Library& library_;
  const int greeted_by_;
  StatementCache cache_;
  SocketCopy descriptor_;  // outlives its registration with the loop
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  Clock::time_point armed_ = Clock::time_point::max();

  std::deque<RequestPtr> inflight_;
  std::deque<RequestPtr> waiting_;  // while a cancel is under way, or behind the one that a pooler is given at a time
  std::vector<Request::Handler> answered_;
  std::string typed_;  // of one statement after the other
  bool reading_ = false;
  bool writing_ = false;
  std::atomic<std::int64_t> limit_{0};
  bool limit_named_ = false;  // by the user: what it is now is not known
  bool flush_posted_ = false;
  bool may_cork_ = false;
  bool corked_ = false;  // until this turn of the loop is over
  std::atomic<bool> dirty_{false};
  std::atomic<bool> busy_{false};
  std::atomic<bool> open_transaction_{false};
  std::atomic<bool> closed_{true};
  std::atomic<Clock::rep> heard_{0};  // when the last answer was read
  std::atomic<Clock::rep> head_{0};   // since when a statement is at the head of the line; 0: none is
  bool fatal_ = false;
  Cancel cancel_ = Cancel::none;
  bool holds_cancel_slot_ = false;
  bool cancel_loose_ = false;  // a cancel may still reach the server, whenever that is
  RequestPtr cancel_target_;
  Clock::time_point fence_due_ = Clock::time_point::max();
};

}  // namespace weir::postgres
