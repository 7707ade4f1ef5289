#include "backends/postgresql/wire/copy.hpp"

#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/wire/result.hpp"
#include "backends/postgresql/wire/wait.hpp"
#include "net/strand_call.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <charconv>
#include <utility>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

constexpr std::size_t piece_bytes = 64 * 1024;

// libpq sends whole pages of 8 KiB by itself and keeps the rest, which behind every piece would be a packet and a
// system call of its own. So much may gather there before it is seen to that all has left.
constexpr std::size_t most_behind = 4 * piece_bytes;

std::uint64_t rows_of(const PGresult* result) {
  const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));
  std::uint64_t rows = 0;
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

}  // namespace

CopyChannel::CopyChannel(Lease<Connection> lease, std::chrono::milliseconds timeout)
    : lease_(std::move(lease)),
      session_((*lease_)->session),
      timeout_(timeout),
      in_doubt_(InDoubt::always),
      open_(true) {}

CopyChannel::CopyChannel(Lease<Connection> lease, Clock::time_point deadline)
    : lease_(std::move(lease)),
      session_((*lease_)->session),
      deadline_(deadline),
      in_doubt_(InDoubt::at_end),
      open_(false) {}

CopyChannel::CopyChannel(std::shared_ptr<Session> session, Clock::time_point deadline)
    : session_(std::move(session)), deadline_(deadline), in_doubt_(InDoubt::never), open_(false) {}

CopyChannel::~CopyChannel() { give_up(); }

// Nobody knows the connection's state.
void CopyChannel::give_up() noexcept {
  if (std::exchange(ended_, true)) return;
  if (!lease_) {
    asio::dispatch(session_->executor(), [session = session_] { session->close(false); });
    return;
  }
  lease_->discard();
  lease_.reset();
}

// The session's state is touched on its executor only. What is thrown in the middle ends the connection, since nobody
// knows its state.
template <class T>
awaitable<T> CopyChannel::on_session(std::shared_ptr<CopyChannel> self, awaitable<T> operation) {
  if (self->ended_) throw Error(errc::invalid_argument, "the copy has ended");
  if (self->timeout_.count() != 0) self->deadline_ = Clock::now() + self->timeout_;
  const auto executor = self->session_->executor();
  struct Guard {
    explicit Guard(std::shared_ptr<CopyChannel> c) : channel(std::move(c)) {}
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (!well) channel->give_up();
    }
    std::shared_ptr<CopyChannel> channel;
    bool well = false;
  } guard(self);
  const auto here = co_await asio::this_coro::executor;
  const auto keep_running = asio::make_work_guard(here);  // the connection's executor does not
  if constexpr (std::is_void_v<T>) {
    co_await net::call_on_strand<void>(executor, std::move(operation));
    guard.well = true;
  } else {
    T value = co_await net::call_on_strand<T>(executor, std::move(operation));
    guard.well = true;
    co_return value;
  }
}

awaitable<void> CopyChannel::start(std::shared_ptr<CopyChannel> self, std::string sql, bool in) {
  auto operation = self->do_start(std::move(sql), in);
  co_await on_session<void>(self, std::move(operation));
}
awaitable<void> CopyChannel::write(std::shared_ptr<CopyChannel> self, std::string bytes) {
  auto operation = self->do_write(bytes);
  co_await on_session<void>(self, std::move(operation));
}
awaitable<void> CopyChannel::write_gathered(std::shared_ptr<CopyChannel> self) {
  std::string piece = std::exchange(self->gathered, {});
  if (piece.empty()) co_return;
  auto operation = self->do_write(piece);
  co_await on_session<void>(self, std::move(operation));
  piece.clear();
  if (self->gathered.empty()) self->gathered.swap(piece);  // its memory serves again
}
awaitable<std::uint64_t> CopyChannel::finish(std::shared_ptr<CopyChannel> self) {
  auto operation = self->do_finish();
  const auto rows = co_await on_session<std::uint64_t>(self, std::move(operation));
  co_return rows;
}
awaitable<std::uint64_t> CopyChannel::put(std::shared_ptr<CopyChannel> self, std::string sql, CopySource source) {
  auto operation = self->do_put(std::move(sql), std::move(source));
  const auto rows = co_await on_session<std::uint64_t>(self, std::move(operation));
  co_return rows;
}
awaitable<std::optional<std::string>> CopyChannel::next(std::shared_ptr<CopyChannel> self) {
  if (self->ended()) co_return std::nullopt;
  auto operation = self->do_next();
  auto piece = co_await on_session<std::optional<std::string>>(self, std::move(operation));
  co_return piece;
}

PGconn* CopyChannel::connection() const {
  if (session_->closed()) throw connection_lost(open_, "the connection was closed");
  return session_->connection_;
}

void CopyChannel::broken() {
  throw connection_lost(open_, open_ ? "the connection broke during COPY; whether it happened is not known"
                                     : "the connection broke during COPY; nothing was stored");
}

Error CopyChannel::late() const {
  return {errc::timeout,
          open_ ? "the deadline passed during COPY; whether it happened is not known"
                : "the deadline passed during COPY; nothing was stored",
          ErrorContext{}.maybe_applied(open_)};
}

awaitable<void> CopyChannel::wait(bool readable) {
  auto* const raw = connection();
  bool cancelled = false;
  try {
    co_await wait_for(session_->executor(), PQsocket(raw), readable ? WaitFor::readable : WaitFor::writable, deadline_,
                      late());
  } catch (const boost::system::system_error& failed) {
    if (failed.code() != asio::error::operation_aborted) throw;
    cancelled = true;
  }
  if (cancelled)
    throw Error(
        errc::cancelled,
        open_ ? "cancelled during COPY; whether it happened is not known" : "cancelled during COPY; nothing was stored",
        ErrorContext{}.maybe_applied(open_));
}

awaitable<void> CopyChannel::flush() {
  for (;;) {
    const int left = PQflush(connection());
    if (left < 0) broken();
    if (left == 0) break;
    co_await wait(false);
    // The server may have something to say, such as a notice, before it takes more.
    if (PQconsumeInput(connection()) != 1) broken();
  }
  behind_ = 0;
}

awaitable<ResultPtr> CopyChannel::result() {
  while (PQisBusy(connection()) != 0) {
    co_await wait(true);
    if (PQconsumeInput(connection()) != 1) broken();
  }
  ResultPtr next(PQgetResult(connection()));
  co_return next;
}

// Everything to the end of the statement; then the session is as it was.
awaitable<void> CopyChannel::drain(ResultPtr last) {
  std::optional<Error> failed;
  while (last) {
    switch (PQresultStatus(last.get())) {
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH: throw Error(errc::protocol_error, "the server copies once more");
      case PGRES_FATAL_ERROR:
        if (!failed) {
          const auto error = session_->explain(server_error_of(last.get()), Clock::now() - begun_);
          if (error.state.empty()) broken();
          failed = make_error(error);
          if (lease_ && ends_the_pool(error.state)) lease_->fail(*failed);
        }
        break;
      default:
        if (!std::string_view(PQcmdStatus(last.get())).starts_with("COPY")) session_->mark_dirty();
    }
    last = co_await result();
  }
  if (failed && PQstatus(connection()) == CONNECTION_BAD) throw *failed;
  give_back();
  if (failed) throw *failed;
}

void CopyChannel::give_back() {
  if (PQenterPipelineMode(connection()) != 1) broken();
  session_->socket_.assign(session_->descriptor_.get());
  session_->publish();
  ended_ = true;
  if (!lease_) return;
  if (last_)
    lease_->discard();
  else
    lease_->release();
  lease_.reset();
}

awaitable<void> CopyChannel::do_start(std::string sql, bool in) {
  session_->socket_.release();
  if (PQexitPipelineMode(connection()) != 1) broken();
  begun_ = Clock::now();
  // Sent as a text, no second Sync stands behind the end: the server answers only one of them, and a pooler that counts
  // them would keep the server for this client. But a text may hold several statements, which is refused in the other
  // form.
  const bool pooled = in && session_->family_of().pooler.load(std::memory_order_relaxed);
  const bool as_text = in_doubt_ != InDoubt::always || (pooled && is_surely_one_statement(sql));
  last_ = pooled && !as_text;
  const int sent = as_text ? PQsendQuery(connection(), sql.c_str())
                           : PQsendQueryParams(connection(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0);
  if (sent != 1) broken();
  co_await flush();
  ResultPtr first = co_await result();
  const auto wanted = in ? PGRES_COPY_IN : PGRES_COPY_OUT;
  const auto status = first ? PQresultStatus(first.get()) : PGRES_EMPTY_QUERY;
  if (status == PGRES_COPY_IN) open_ = false;  // until it is told that there is no more
  if (status == wanted) co_return;
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
    throw Error(errc::invalid_argument, in ? "the statement copies out, not in" : "the statement copies in, not out");
  co_await drain(std::move(first));
  throw Error(errc::invalid_argument, in ? "no COPY … FROM STDIN" : "no COPY … TO STDOUT");
}

awaitable<void> CopyChannel::do_write(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
    const auto size = std::min(piece_bytes, bytes.size() - at);
    if (PQputCopyData(connection(), bytes.data() + at, static_cast<int>(size)) != 1) broken();
    behind_ += size;
    if (behind_ >= most_behind) co_await flush();
  }
}

awaitable<std::uint64_t> CopyChannel::do_finish() {
  auto* const raw = connection();
  open_ = in_doubt_ != InDoubt::never;
  if (PQputCopyEnd(raw, nullptr) != 1) broken();
  co_await flush();
  ResultPtr last = co_await result();
  const auto rows = last ? rows_of(last.get()) : 0;
  co_await drain(std::move(last));
  co_return rows;
}

awaitable<std::uint64_t> CopyChannel::do_put(std::string sql, CopySource source) {
  co_await do_start(std::move(sql), true);
  for (auto piece = source(); !piece.empty(); piece = source()) co_await do_write(piece);
  const auto rows = co_await do_finish();
  co_return rows;
}

awaitable<std::optional<std::string>> CopyChannel::do_next() {
  std::string piece;
  while (!at_end_ && piece.size() < piece_bytes) {
    char* row = nullptr;
    const int size = PQgetCopyData(connection(), &row, 1);
    if (size > 0) {
      piece.append(row, static_cast<std::size_t>(size));
      PQfreemem(row);
      continue;
    }
    if (size == 0) {
      if (!piece.empty()) break;
      co_await wait(true);
      if (PQconsumeInput(connection()) != 1) broken();
      continue;
    }
    if (size == -2) broken();
    at_end_ = true;
  }
  if (!piece.empty()) co_return std::optional<std::string>(std::move(piece));
  ResultPtr last = co_await result();
  co_await drain(std::move(last));
  co_return std::nullopt;
}

}  // namespace weir::postgres
