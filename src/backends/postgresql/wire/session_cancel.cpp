// How a request is given up: by its deadline, or by the caller. docs/postgresql.md, "Cancelling".

#include "backends/postgresql/wire/cancel_call.hpp"
#include "backends/postgresql/wire/session.hpp"
#include "observability/logger.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// For the cancel's own connection, and for the fence.
constexpr milliseconds patience{1'000};

// A pooler may let a cancel wait until it has a server for it, 10 s by its default; and PgBouncer before 1.19.1 ends
// when the client goes away meanwhile (https://github.com/pgbouncer/pgbouncer/issues/801).
constexpr milliseconds patience_with_poolers{12'000};

// How long whoever gave up waits to hear what became of a statement that is being cancelled.
constexpr milliseconds grace{300};

// The fence says what became of the statement; why it was not cancelled is of use to whoever reads the log.
void note_failed_cancel(const std::exception_ptr& failed) {
  std::string text = "a cancel request failed";
  try {
    std::rethrow_exception(failed);
  } catch (const std::exception& error) {
    text += std::string(": ") + error.what();
  } catch (...) {
    text += " for an unknown reason";
  }
  log::component("postgres").write(log::Level::info, log::single_line(text));
}

}  // namespace

void Session::give_up(const RequestPtr& request, errc why) {
  if (request->state_ == Request::State::done || request->abandoned_ || request->fence_) return;
  if (request->error) return abandon(request);  // it was given up before, and nothing was heard since
  const bool sent = request->state_ == Request::State::written;
  const char* const phase = sent ? "the statement is on its way" : "nothing was sent yet";
  ErrorContext context;
  context.maybe_applied(sent && request->write);
  request->error =
      Error(why, std::string(why == errc::timeout ? "the deadline passed: " : "cancelled: ") + phase, context);
  if (!sent) {
    std::erase(waiting_, request);
    publish();
    return answer(*request);
  }
  if (inflight_.front() != request || !cancel_key_) return abandon(request);
  // It is running. The server soon says whether it was stopped, which is more than we know.
  want_cancel();
  request->deadline = Clock::now() + grace;
  arm(request->deadline);
}

// Whoever waits is answered now; what the server says is read and dropped.
void Session::abandon(const RequestPtr& request) {
  request->abandoned_ = true;
  if (request->handler_) {
    answered_.push_back(std::move(*request->handler_));
    request->handler_.reset();
  }
  if (!inflight_.empty() && inflight_.front() == request) want_cancel();
}

// The statement at the head is not wanted any longer. From here on nothing is written until the fence came back.
void Session::want_cancel() {
  if (cancel_ != Cancel::none || connection_ == nullptr) return;
  if (!cancel_key_) return;  // nothing to cancel with: it is waited for
  cancel_ = Cancel::wanted;
  cancel_target_ = inflight_.front();
  family_->cancels.enter([weak = weak_from_this(), executor = executor_, family = family_] {
    asio::post(executor, [weak, family] {
      const auto self = weak.lock();
      if (!self || self->connection_ == nullptr) return family->cancels.leave();
      self->holds_cancel_slot_ = true;
      self->send_cancel();
      self->deliver();
    });
  });
}

void Session::send_cancel() {
  if (!cancel_target_) {  // it has ended by itself meanwhile: there is nothing to hit, and nothing to fear
    cancel_ = Cancel::none;
    holds_cancel_slot_ = false;
    family_->cancels.leave();
    start_waiting();
    publish();
    return head_arrived();
  }
  cancel_ = Cancel::sent;
  const bool pooler = family_->pooler.load(std::memory_order_relaxed);
  const auto call = std::make_shared<CancelCall>(connection_, *cancel_key_);
  asio::co_spawn(executor_, CancelCall::make(call, executor_, pooler ? patience_with_poolers : patience),
                 [self = shared_from_this(), call](const std::exception_ptr& failed) {
                   if (failed) note_failed_cancel(failed);
                   // The fence tells when no interrupt can come any longer, unless the cancel itself is still on its
                   // way.
                   self->cancel_loose_ = call->delivered() == CancelCall::Delivered::perhaps;
                   if (std::exchange(self->holds_cancel_slot_, false)) self->family_->cancels.leave();
                   self->cancel_sent();
                   self->deliver();
                 });
}

// The signal is on its way or was delivered; an empty statement behind everything that was written comes back after it.
void Session::cancel_sent() {
  if (connection_ == nullptr) return;
  cancel_ = Cancel::fencing;
  auto fence = std::make_shared<Request>();
  fence->fence_ = true;
  fence->statements.emplace_back("", std::vector<Parameter>{}, false);
  fence_due_ = Clock::now() + patience;
  arm(fence_due_);
  write(fence);
}

void Session::fence_answered() {
  cancel_ = Cancel::none;
  cancel_target_.reset();
  fence_due_ = Clock::time_point::max();
  if (!cancel_loose_) return start_waiting();
  // Whatever runs here later may be hit by the cancel. Who waits for the connection has sent nothing and goes
  // elsewhere.
  log::component("postgres").write(log::Level::info, "a cancel was not confirmed; its connection is closed");
  for (const auto& request : waiting_)
    if (request->lease && !request->in_transaction) request->repeat = true;
  lost(false);
}

// ---- deadlines
// ------------------------------------------------------------------------------------------------------------

// One timer, moved only when something nearer comes; it does not keep the loop running.
void Session::arm(Clock::time_point due) {
  if (due >= armed_) return;
  armed_ = due;
  timer_.expires_at(due);
  timer_.async_wait([weak = weak_from_this(), loop = loop_](const boost::system::error_code& failed) {
    loop.remember_work();
    const auto self = weak.lock();
    if (failed || !self) return;
    auto* const session = self.get();
    asio::dispatch(session->executor_, [self] { self->timer_fired(); });
  });
  loop_.forget_work();
}

void Session::timer_fired() {
  armed_ = Clock::time_point::max();
  if (connection_ == nullptr) return;
  const auto now = Clock::now();
  if (fence_due_ <= now) {
    fence_due_ = Clock::time_point::max();
    log::component("postgres")
        .write(log::Level::warning, "a cancelled statement did not end; its connection is closed");
    lost(false);
    return deliver();
  }
  const auto in_line = inflight_;
  for (const auto& request : in_line)
    if (request->deadline <= now) give_up(request, errc::timeout);
  const auto queued = waiting_;
  for (const auto& request : queued)
    if (request->deadline <= now) give_up(request, errc::timeout);
  auto next = fence_due_;
  for (const auto& request : inflight_)
    if (!request->abandoned_) next = std::min(next, request->deadline);
  for (const auto& request : waiting_) next = std::min(next, request->deadline);
  if (next != Clock::time_point::max()) arm(next);
  deliver();
}

}  // namespace weir::postgres
