#include "net/call.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace weir::http {

namespace asio = boost::asio;
namespace chrono = std::chrono;

Call::Call(std::shared_ptr<detail::ClientState> client, Request request, bool streamed) noexcept
    : client_(std::move(client)), streamed_(streamed), request_(std::move(request)) {}

void Call::prepare(PoolRegistry& registry) {
  registry_ = &registry;
  single_ = registry.is_single_threaded();
  check_request(request_);
  if (request_.deadline()) deadline_ = *request_.deadline();
  max_body_ = request_.max_body().value_or(client_->options().max_body());
  facts_.safe = is_safe_method(request_.method());
  facts_.idempotent = request_.idempotent().value_or(is_idempotent_method(request_.method()));
  prepare_body();
  const auto timeout = request_.timeout().value_or(client_->options().timeout());
  if (timeout.count() > 0) deadline_ = std::min(deadline_, chrono::steady_clock::now() + timeout);
  pool_ = client_->pool(registry);
}

// Whether the connection that was leased is one for this request: a new one where that is asked for, and one that is
// looked at once more where sending twice is not allowed.
bool Call::suits(bool fresh) {
  connection_ = &*lease_;
  if (connection_->uses() == 0) return true;
  return !fresh && (facts_.idempotent || connection_->quiet());
}

awaitable<void> Call::obtain(bool fresh) {
  for (;;) {
    AcquireOptions options;
    options.operation(request_.operation().empty() ? request_.method() : request_.operation());
    if (deadline_ != net::TimePoint::max()) options.deadline(deadline_);
    lease_ = co_await pool_->acquire(std::move(options));
    if (suits(fresh)) co_return;
    lease_.discard();
  }
}

// A connection that is there.
bool Call::obtained() {
  auto quick = pool_->try_acquire();
  if (!quick) return false;
  lease_ = std::move(*quick);
  if (suits(false)) return true;
  lease_.discard();
  return false;
}

// What happens nearly always stands in one frame: a connection is at hand, the loop has one thread, and the answer
// comes in few pieces. Everything else is `begin` and `collect`, of which each needs frames of its own.
awaitable<Response> Call::run(std::shared_ptr<Call> call) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  call->prepare(PoolRegistry::of(executor));
  try {
    bool begun = false;
    if (call->single_ && call->obtained()) {
      auto next = call->start();
      if (next == Next::send_body) next = co_await call->write_small();
      while (next == Next::read_head) {
        error_code failed;
        const auto count = co_await call->more_of_head(failed);
        next = call->received(count, failed);
      }
      begun = !call->sends_again(next);
      if (!begun) {
        co_await call->writer_gone();
        call->drop_connection();
      }
    }
    if (!begun) co_await call->begin();
    if (!call->collect_now()) co_await call->collect();
  } catch (...) {
    call->rethrow();
  }
  co_return std::move(call->response_);
}

void Call::drop_connection() {
  watch_.stop();
  lease_.discard();
  repeated_ = true;
}

awaitable<void> Call::begin() {
  for (;;) {
    const bool there = !repeated_ && obtained();
    if (!there) co_await obtain(repeated_);
    const bool again = co_await on_connection(attempt());
    if (!again) co_return;
    drop_connection();
  }
}

Next Call::start() {
  const bool reused = connection_->uses() != 0;
  connection_->in_use();
  exchange_.emplace(facts_, reused, repeated_);
  watch();
  if (repeated_) {
    response_ = Response();
    response_.repeated = true;
  }
  connection_->reader().begin(request_.method() == "HEAD");
  auto& out = connection_->out();
  out.clear();
  write_head(out, client_->defaults(), request_, body_facts_);
  return send_now();
}

// One sending. True: again, on another connection.
awaitable<bool> Call::attempt() {
  auto next = start();
  if (next == Next::send_body) next = co_await write_small();
  while (next == Next::read_head) {
    error_code failed;
    const auto count = co_await more_of_head(failed);
    next = received(count, failed);
  }
  const bool again = sends_again(next);
  if (again) co_await writer_gone();
  co_return again;
}

awaitable<std::size_t> Call::more_of_head(error_code& failed) {
  return connection_->read_some(connection_->reader().room(), failed);
}

// What follows from the bytes that came; `read_head`: more of them are needed.
Next Call::received(std::size_t count, const error_code& failed) {
  if (failed) return read_ended(failed);
  auto& reader = connection_->reader();
  exchange_->answer_began();
  reader.came(count);
  while (reader.head(head_, response_.headers)) {
    HeadFacts facts;
    facts.status = head_.status;
    facts.keep_alive = head_.keep_alive;
    auto next = exchange_->head(facts);
    if (next == Next::send_body) {
      if (go_ != nullptr) go_->cancel();
      next = Next::read_head;
    }
    if (next != Next::read_head) return next;
    response_.headers = Headers();
    reader.begin(request_.method() == "HEAD");
  }
  if (reader.fault()) return exchange_->bad_answer(reader.fault()->code, reader.fault()->text);
  limit(client_->options().read_idle_timeout());
  return Next::read_head;
}

// False: the body can be read.
bool Call::sends_again(Next next) {
  if (next == Next::read_body) {
    begin_body();
    return false;
  }
  if (!may_repeat()) fail();
  return true;
}

bool Call::may_repeat() {
  const auto& failure = exchange_->failure();
  if (!failure.send_again) return false;
  if (source_began_ && !request_.body_source()->rewind()) return false;
  source_began_ = false;
  if (failure.without_expect) facts_.expects = body_facts_.expects = false;
  return true;
}

// The writer uses what the next attempt will use.
awaitable<void> Call::writer_gone() {
  if (!writing_) co_return;
  ::shutdown(connection_->descriptor(), SHUT_RDWR);
  if (go_ != nullptr) go_->cancel();
  stop_writing_.emit(asio::cancellation_type::terminal);
  asio::steady_timer gone(connection_->socket().get_executor(), asio::steady_timer::time_point::max());
  gone_ = &gone;
  error_code woken;
  while (writing_) co_await gone.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  gone_ = nullptr;
  source_error_ = nullptr;  // that was us
}

Next Call::read_ended(const error_code& failed) {
  if (source_error_) std::rethrow_exception(source_error_);
  if (watch_.expired()) {
    const auto now = chrono::steady_clock::now();
    const bool slow = now < deadline_ && speed_.too_slow(now);
    return exchange_->stopped(errc::timeout, slow ? "it came slower than low_speed_limit" : "the time was over");
  }
  if (failed == asio::error::operation_aborted) return exchange_->stopped(errc::cancelled, "cancelled");
  if (failed == asio::error::eof) return exchange_->connection_ended("closed by the server");
  if (connection_->uses() == 0 && net::refuses_client(failed))
    return exchange_->never_read(errc::tls_failed, "the server does not accept us: " + failed.message());
  if (failed == asio::ssl::error::stream_truncated) return exchange_->connection_ended("TLS was cut short");
  return exchange_->connection_ended(failed.message());
}

void Call::watch() {
  watch_.start(net::Deadlines::of(*registry_, connection_->socket().get_executor()), connection_->descriptor());
}

void Call::limit(chrono::milliseconds phase) {
  watch_.limit(phase.count() <= 0 ? deadline_ : std::min(deadline_, net::coarse_now() + phase));
}

void Call::limit_read() {
  if (!speed_.active()) return limit(client_->options().read_idle_timeout());
  const auto now = net::coarse_now();
  const auto idle = client_->options().read_idle_timeout();
  auto until = std::min(deadline_, speed_.waits(now));
  if (idle.count() > 0) until = std::min(until, now + idle);
  watch_.limit(until);
}

Error Call::error(errc code, std::string text, bool maybe_applied) const {
  ErrorContext context;
  context.backend("http")
      .operation(request_.operation().empty() ? request_.method() : request_.operation())
      .endpoint(client_->endpoint())
      .maybe_applied(maybe_applied)
      .attempts(repeated_ ? 2 : 1);
  return {code, std::move(text), std::move(context)};
}

void Call::fail() {
  const auto failure = exchange_->failure();
  end();
  throw error(failure.code, failure.text, failure.maybe_applied);
}

void Call::fail(errc code, std::string_view why) {
  exchange_->bad_answer(code, why);
  fail();
}

void Call::rethrow() {
  // Where a strand of its own may still be writing, what is known of the request is left alone.
  const bool maybe_applied = exchange_ && (single_ ? exchange_->maybe_applied() : !facts_.safe);
  if (single_)
    end();
  else
    abandon();
  try {
    throw;
  } catch (const Error& known) {
    throw known.within("http", request_.operation().empty() ? request_.method() : request_.operation(),
                       client_->endpoint());
  } catch (const boost::system::system_error& other) {
    if (other.code() == asio::error::operation_aborted) throw error(errc::cancelled, "cancelled", maybe_applied);
    throw;
  }
}

void Call::end() noexcept {
  if (ended_.exchange(true)) return;
  if (!writing_) {
    watch_.stop();
    lease_.discard();
    return;
  }
  // The writer holds this object, and with it the connection, until it has noticed.
  ::shutdown(connection_->descriptor(), SHUT_RDWR);
  if (go_ != nullptr) go_->cancel();
  stop_writing_.emit(asio::cancellation_type::terminal);
}

void Call::abandon() noexcept {
  if (ended_.exchange(true)) return;
  // A writer is stopped through the loop's own timer: this may be another thread, or the loop may be gone.
  if (writing_) watch_.limit(net::TimePoint::min());
}

}  // namespace weir::http
