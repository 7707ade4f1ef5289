// What comes back: results go to the request at the head of the line, and when its Sync is answered, so is whoever
// waits for it.

#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/wire/deliver.hpp"
#include "backends/postgresql/wire/result.hpp"
#include "backends/postgresql/wire/session.hpp"
#include "backends/postgresql/wire/session_log.hpp"

#include <utility>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

}  // namespace

void Session::read_on() {
  if (reading_) return;
  reading_ = true;
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& failed) {
                       self->reading_ = false;
                       if (failed || self->connection_ == nullptr) return;
                       self->on_readable();
                       self->deliver();
                     });
}

void Session::on_readable() {
  const bool well = PQconsumeInput(connection_) == 1;
  take_notifications();
  process();
  if (connection_ == nullptr) return;
  take_notifications();  // those that stood behind the last answer
  if (!well || PQstatus(connection_) == CONNECTION_BAD) return lost(fatal_);
  if (!inflight_.empty() || on_notification) read_on();
}

void Session::process() {
  unsigned ends = 0;  // without a result between them
  while (connection_ != nullptr && !inflight_.empty() && PQisBusy(connection_) == 0) {
    ResultPtr result(PQgetResult(connection_));
    if (result) {
      ends = 0;
      take_result(std::move(result));
      continue;
    }
    if (++ends > 1) return;
    Request& head = *inflight_.front();
    if (head.step_ < head.steps_.size()) ++head.step_;
  }
}

// Whether a statement of a user changed the session, by its tag and text. A prepared SELECT that did not never does.
bool Session::left_something(const Request& head, const Request::Step& step, const PGresult* result) {
  if (step.entry && step.entry->quiet) return false;
  const std::string_view tag = PQcmdStatus(const_cast<PGresult*>(result));
  const bool left = changes_session(tag, head.statements.back().sql);
  if (step.entry && !left && tag.starts_with("SELECT")) step.entry->quiet = true;
  return left;
}

void Session::take_result(ResultPtr result) {
  Request& head = *inflight_.front();
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_PIPELINE_SYNC) return finish_head();
  if (head.step_ >= head.steps_.size()) {
    if (status == PGRES_FATAL_ERROR) refused_at_commit(head, server_error_of(result.get()));
    return;
  }
  const Request::Step& step = head.steps_[head.step_];
  switch (status) {
    case PGRES_FATAL_ERROR: {
      ServerError error = explain(server_error_of(result.get()), Clock::now() - head.head_since_);
      if (error.fatal) fatal_ = true;
      // A COMMIT that waits for a standby is done already when the server is shut down.
      if (error.fatal && head.commits && head.step_ + 1 == head.steps_.size() && !head.error)
        head.error = connection_lost(true, "the server ended the session while the transaction was being committed");
      if (step.entry && (step.parse || is_stale_statement(error))) {
        cache_.drop(step.entry);
        head.stale_ = is_stale_statement(error);
      }
      // libpq's own words about a lost connection are no answer.
      if (!error.state.empty() && !head.server_error) head.server_error = std::move(error);
      return;
    }
    case PGRES_PIPELINE_ABORTED:
      if (step.parse && step.entry) cache_.drop(step.entry);
      return;
    default:
      if (step.parse) {
        if (step.entry) cache_.prepared(step.entry);
        return;
      }
      if (head.reset_behind || (head.foreign && left_something(head, step, result.get()))) mark_dirty();
      if (!head.abandoned_) head.results.push_back(std::move(result));
  }
}

// The implicit transaction commits at the Sync, behind the answers to its statements: what is checked only then, such
// as a deferred constraint, is refused there, and nothing of it happened.
void Session::refused_at_commit(Request& head, ServerError error) {
  if (error.state.empty()) return;  // libpq repeats the loss of a connection
  head.results.clear();
  if (error.fatal) {
    fatal_ = true;
    // The server may have said it when the commit was done already.
    if (!head.error)
      head.error = connection_lost(head.write, "the server ended the session while the statement was being committed");
  }
  if (!head.server_error) head.server_error = std::move(error);
}

void Session::finish_head() {
  const RequestPtr head = std::move(inflight_.front());
  inflight_.pop_front();
  for (const auto& step : head->steps_)
    if (step.entry && !step.parse) cache_.finished(step.entry);
  const auto now = Clock::now();
  head->running = now - head->head_since_;
  heard_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  at_head(now);
  if (head->fence_) {
    fence_answered();
    publish();
    return head_arrived();
  }
  publish();
  if (head == cancel_target_) cancel_target_.reset();
  const bool stray = head->server_error && head->server_error->state == "57014" && cancel_ != Cancel::none &&
                     !head->abandoned_ && !head->in_transaction && !head->error;
  if (head->error && !head->abandoned_) {
    // It was given up while it ran: either it was stopped, or this is its answer after all.
    if (head->server_error && head->server_error->state == "57014") {
      head->server_error.reset();
      head->error = head->error->with_maybe_applied(false);
    } else {
      head->error.reset();
    }
  } else if (stray) {
    head->server_error.reset();
    head->repeat = true;
  } else if (head->stale_ && !head->in_transaction && !head->resent_ && !head->abandoned_) {
    // The server no longer has the statement. Nothing happened: once more, and without its name if it was not our
    // doing.
    if (head->server_error && head->server_error->state != "0A000")
      family_->pooler.store(true, std::memory_order_relaxed);
    head->resent_ = true;
    head->stale_ = false;
    head->server_error.reset();
    head->results.clear();
    start(head);
    return head_arrived();
  } else if (head->stale_ && head->in_transaction && head->server_error) {
    head->error = Error(errc::serialization_failure, "the table was changed while the transaction ran; run it again",
                        ErrorContext{}.server_code(head->server_error->state));
  }
  answer(*head);
  if (cancel_ == Cancel::none && inflight_.empty() && !waiting_.empty()) start_waiting();
  head_arrived();
}

// Somebody is at the head of the line now; if nobody waits for it any longer, the server need not work on it.
void Session::head_arrived() {
  if (connection_ == nullptr || inflight_.empty()) return;
  if (inflight_.front()->abandoned_ && !inflight_.front()->fence_) want_cancel();
}

void Session::lost(bool fatal_seen) {
  if (connection_ == nullptr) return;
  // What libpq has received already may tell why.
  process();
  if (connection_ == nullptr) return;
  auto unanswered = std::exchange(inflight_, {});
  auto unsent = std::exchange(waiting_, {});
  fatal_seen = fatal_seen || fatal_;
  close(false);
  for (const auto& request : unanswered) {
    for (const auto& step : request->steps_)
      if (step.entry && !step.parse) cache_.finished(step.entry);
    const bool answered = request->server_error.has_value();
    if (!answered && !request->error)
      request->error = connection_lost(request->write && !fatal_seen, "the connection broke before the answer");
    answer(*request);
  }
  for (const auto& request : unsent) {
    if (!request->error && !request->repeat)
      request->error = connection_lost(false, "the connection broke before anything was sent");
    answer(*request);
  }
}

// The lease goes back before whoever waits goes on, so that it finds the connection free.
void Session::answer(Request& request) {
  request.state_ = Request::State::done;
  if (request.lease) {
    auto lease = std::move(*request.lease);
    request.lease.reset();
    if (connection_ == nullptr) {
      const bool all = request.server_error && ends_the_pool(request.server_error->state);
      if (all) lease.fail(make_error(*request.server_error));
      lease.discard();
    } else if (request.server_error && ends_the_pool(request.server_error->state)) {
      lease.fail(make_error(*request.server_error));
    } else if (PQtransactionStatus(connection_) != PQTRANS_IDLE && inflight_.empty()) {
      wire_log().write(log::Level::error, "a statement left a transaction open on a shared connection; it is closed");
      lease.discard();
    } else {
      lease.release();
    }
  }
  if (!request.handler_) return;
  answered_.push_back(std::move(*request.handler_));
  request.handler_.reset();
}

// The last thing a turn does: what runs then may ask for more, or end this session.
void Session::deliver() {
  auto handlers = std::exchange(answered_, {});
  const bool inside = !handlers.empty() && loop_.running_here();
  for (auto& handler : handlers) {
    deliver_to(std::move(handler), loop_, executor_, inside);
  }
  if (answered_.empty() && answered_.capacity() == 0) {
    handlers.clear();
    answered_.swap(handlers);
  }
}

void Session::take_notifications() {
  while (PGnotify* const note = PQnotifies(connection_)) {
    if (on_notification) {
      on_notification(note->relname, note->extra, note->be_pid);
    } else {
      wire_log().write(log::Level::warning, "a notification came on a connection that nobody listens on");
    }
    PQfreemem(note);
  }
}

}  // namespace weir::postgres
