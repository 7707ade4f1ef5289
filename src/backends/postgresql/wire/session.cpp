#include "backends/postgresql/wire/session.hpp"

#include "backends/postgresql/wire/session_log.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <type_traits>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Called by libpq in the middle of its work: nothing of libpq may be called from here.
void on_notice(void*, const PGresult* notice) {
  if (!wire_log().enabled(log::Level::info)) return;
  const char* const text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  wire_log().write(log::Level::info, std::string(severity != nullptr ? severity : "NOTICE") + ": " +
                                         log::single_line(text != nullptr ? text : ""));
}

bool is_tcp(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  return address.ss_family == AF_INET || address.ss_family == AF_INET6;
}

}  // namespace

Session::Session(asio::any_io_executor executor, PGconn* connection, std::optional<CancelKey> cancel_key,
                 std::shared_ptr<SessionFamily> family, std::size_t statement_cache)
    : executor_(std::move(executor)),
      loop_(executor_),
      plain_(executor_ == loop_.uncounted()),
      connection_(connection),
      cancel_key_(cancel_key),
      family_(std::move(family)),
      library_(Library::instance()),
      greeted_by_(PQbackendPID(connection)),
      cache_(statement_cache),
      socket_(executor_),
      timer_(loop_.executor()) {}

Session::~Session() { close(false); }

void Session::open() {
  PQsetNoticeReceiver(connection_, &on_notice, nullptr);
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1)
    throw Error(errc::connect_failed, "libpq refused its pipeline mode");
  may_cork_ = library_.send_pipeline_sync == nullptr && is_tcp(PQsocket(connection_));
  descriptor_.open(PQsocket(connection_));
  socket_.assign(descriptor_.get());
  closed_.store(false, std::memory_order_release);
  open_sessions_ = OpenSessions::of(executor_);
  open_sessions_->add(*this);
}

std::string Session::parameter(const char* name) const {
  const char* const value = connection_ == nullptr ? nullptr : PQparameterStatus(connection_, name);
  return value == nullptr ? std::string() : std::string(value);
}

bool Session::readable() const noexcept {
  if (closed()) return true;
  char byte = 0;
  const auto got = ::recv(descriptor_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

bool Session::just_heard() const noexcept {
  constexpr std::chrono::microseconds moment{100};
  return Clock::now().time_since_epoch() - Clock::duration(heard_.load(std::memory_order_relaxed)) < moment;
}

Clock::duration Session::head_age() const noexcept {
  const auto since = head_.load(std::memory_order_relaxed);
  return since == 0 ? Clock::duration{0} : Clock::now().time_since_epoch() - Clock::duration(since);
}

void Session::at_head(Clock::time_point now) noexcept {
  if (!inflight_.empty()) inflight_.front()->head_since_ = now;
  head_.store(inflight_.empty() ? 0 : now.time_since_epoch().count(), std::memory_order_relaxed);
}

// What the pool asks for on other threads.
void Session::publish() noexcept {
  const bool busy = !inflight_.empty() || !waiting_.empty() || cancel_ != Cancel::none;
  busy_.store(busy, std::memory_order_release);
  if (connection_ == nullptr || !inflight_.empty()) return;
  open_transaction_.store(PQtransactionStatus(connection_) != PQTRANS_IDLE, std::memory_order_release);
}

ServerError Session::explain(ServerError error, Clock::duration running) const {
  error.by_timeout = is_by_timeout(error, running, milliseconds(limit_.load(std::memory_order_relaxed)), limit_named_);
  return error;
}

void Session::was_reset() {
  limit_named_ = false;
  dirty_.store(false, std::memory_order_release);
  cache_.clear();
}

// ---- asking
// -------------------------------------------------------------------------------------------------------------

struct Session::Initiate {
  Clock::time_point deadline;
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<Session> self, RequestPtr request) const {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.assign([session = std::weak_ptr(self), asked = std::weak_ptr(request)](asio::cancellation_type) {
        const auto alive = session.lock();
        if (!alive) return;
        asio::post(alive->executor_, [alive, asked] {
          if (const auto found = asked.lock()) alive->give_up(found, errc::cancelled);
          alive->deliver();
        });
      });
    if (self->here()) {
      const auto session = std::move(self);  // which the answer may let go of
      request->handler_.emplace(std::forward<Handler>(handler));
      request->deadline = deadline;
      session->wait_for(request);
      session->deliver();
      return;
    }
    const auto executor = self->executor_;
    // What was posted before may be answered at this moment: the request is the session's, and only there it is
    // touched.
    asio::dispatch(executor, [session = std::move(self), asked = std::move(request), until = deadline,
                              waiting = std::decay_t<Handler>(std::forward<Handler>(handler))]() mutable {
      auto* const target = session.get();
      asked->handler_.emplace(std::move(waiting));
      asked->deadline = until;
      target->wait_for(asked);
      target->deliver();
    });
  }
};

// On the session's executor: somebody waits for the request from now on.
void Session::wait_for(const RequestPtr& request) {
  if (request->state_ == Request::State::fresh) return start(request);
  if (request->state_ == Request::State::done || request->abandoned_) {
    answered_.push_back(std::move(*request->handler_));
    request->handler_.reset();
    return;
  }
  arm(request->deadline);
}

void Session::post(std::shared_ptr<Session> self, RequestPtr request) {
  const auto executor = self->executor_;
  asio::dispatch(executor, [session = std::move(self), asked = std::move(request)]() mutable {
    auto* const target = session.get();
    target->start(std::move(asked));
    target->deliver();
  });
}

awaitable<void> Session::run(std::shared_ptr<Session> self, RequestPtr request, Clock::time_point deadline) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(Initiate{deadline}, asio::use_awaitable,
                                                                      std::move(self), std::move(request));
}

void Session::start(RequestPtr request) {
  if (connection_ == nullptr) {
    request->error = connection_lost(false, "the connection was closed before anything was sent");
    return answer(*request);
  }
  arm(request->deadline);
  // Whether a pooler keeps the answers of several transactions of one client apart is not known.
  const bool one_at_a_time = family_->pooler.load(std::memory_order_relaxed) && !inflight_.empty();
  if (cancel_ == Cancel::none && !one_at_a_time) return write(request);
  request->state_ = Request::State::waiting;
  waiting_.push_back(std::move(request));
  publish();
}

// ---- the end
// ------------------------------------------------------------------------------------------------------------

void Session::close(bool silent) noexcept {
  if (connection_ == nullptr) return;
  auto* const connection = std::exchange(connection_, nullptr);
  closed_.store(true, std::memory_order_release);
  if (open_sessions_) open_sessions_->remove(*this);
  timer_.cancel();
  if (socket_.is_open()) socket_.release();
  if (silent) {
    // libpq says goodbye when it frees a connection: into nothing.
    if (const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nothing >= 0) {
      ::dup2(nothing, PQsocket(connection));
      ::close(nothing);
    }
  }
  PQfinish(connection);
  if (!silent) descriptor_.shut_down();
  // Who still waits here waits on a loop that ends: a coroutine holds its request, and the request the coroutine.
  std::vector<Request::Handler> orphans;
  for (auto* const line : {&inflight_, &waiting_}) {
    for (const auto& request : *line) {
      if (!request->handler_) continue;
      orphans.push_back(std::move(*request->handler_));
      request->handler_.reset();
    }
    line->clear();
  }
  if (silent) std::move(answered_.begin(), answered_.end(), std::back_inserter(orphans));
  if (silent) answered_.clear();
  cancel_ = Cancel::none;
  cancel_target_.reset();
  publish();
  if (const auto closed = std::exchange(on_close, nullptr)) closed();
  if (std::exchange(holds_cancel_slot_, false)) family_->cancels.leave();
}

void Session::start_waiting() {
  for (const auto& request : std::exchange(waiting_, {})) start(request);
}

void Session::abandon_all() {
  const auto all = inflight_;
  for (const auto& request : all) give_up(request, errc::cancelled);
  const auto queued = waiting_;
  for (const auto& request : queued) give_up(request, errc::cancelled);
  deliver();
}

}  // namespace weir::postgres
