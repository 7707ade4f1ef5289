#include "net/call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace weir::http {
namespace {

namespace asio = boost::asio;

// One TLS record (RFC 8446 §5.1): head and body of a request that fits go out together.
constexpr std::size_t tls_record = 16 * 1024;
// What is written without letting others have the loop in between.
constexpr std::size_t most_written_at_once = std::size_t{1} << 20U;

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

std::string text_of(int error) { return boost::system::error_code(error, boost::system::system_category()).message(); }

// "1a\r\n" piece "\r\n", RFC 9112 §7.1
void make_chunk(std::string& out, std::span<const char> piece) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
  out.assign(digits.data(), end);
  out.append("\r\n").append(piece.data(), piece.size()).append("\r\n");
}

}  // namespace

void Call::prepare_body() {
  const auto& options = client_->options();
  const auto& source = request_.body_source();
  bytes_ = request_.body().empty() ? request_.body_view() : std::string_view(request_.body());
  const auto threshold = options.gzip_requests_from();
  if (threshold != 0 && bytes_.size() >= threshold && !request_.headers().contains("Content-Encoding")) {
    packed_ = gzip(bytes_);
    bytes_ = packed_;
    body_facts_.gzip = true;
  }
  body_facts_.present = source != nullptr || !bytes_.empty();
  if (source == nullptr)
    body_facts_.size = bytes_.size();
  else
    body_facts_.size = source->size();
  const auto large = options.expect_continue_from();
  const bool is_large = large != 0 && body_facts_.size.value_or(large) >= large;
  body_facts_.expects = body_facts_.present && request_.expect_continue().value_or(is_large);
  facts_.expects = body_facts_.expects;
}

// What can be sent in one go is. `send_body`: it is small, and TLS has to be waited for.
Next Call::send_now() {
  const auto& out = connection_->out();
  if (request_.body_source() != nullptr || facts_.expects) {
    limit(client_->options().write_idle_timeout());
    write_beside(0);
    return Next::read_head;
  }
  if (connection_->tls() != nullptr) {
    limit(client_->options().write_idle_timeout());
    if (out.size() + bytes_.size() <= tls_record) return Next::send_body;
    write_beside(0);
    return Next::read_head;
  }
  std::array<::iovec, 2> parts{};
  parts[0] = {const_cast<char*>(out.data()), out.size()};  // sendmsg only reads
  parts[1] = {const_cast<char*>(bytes_.data()), bytes_.size()};
  ::msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = bytes_.empty() ? 1 : 2;
  const auto count = ::sendmsg(connection_->descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && !would_block(errno)) return exchange_->write_failed(text_of(errno));
  const auto done = count < 0 ? std::size_t{0} : static_cast<std::size_t>(count);
  exchange_->wrote(done);
  if (done == out.size() + bytes_.size()) {
    sent();
  } else {
    limit(client_->options().write_idle_timeout());
    write_beside(done);
  }
  return Next::read_head;
}

void Call::sent() {
  exchange_->request_sent();
  limit(request_.first_byte_timeout().value_or(client_->options().first_byte_timeout()));
}

awaitable<Next> Call::write_small() {
  auto& out = connection_->out();
  out.append(bytes_);
  for (std::string_view rest = out; !rest.empty();) {
    error_code failed;
    const auto count = co_await connection_->write_some(rest, failed);
    if (failed == asio::error::operation_aborted || watch_.expired()) co_return read_ended(failed);
    if (failed) co_return exchange_->write_failed(failed.message());
    exchange_->wrote(count);
    rest.remove_prefix(count);
  }
  sent();
  co_return Next::read_head;
}

void Call::write_beside(std::size_t done) {
  writing_ = true;
  const auto executor = connection_->socket().get_executor();
  asio::co_spawn(executor, write_rest(shared_from_this(), done),
                 asio::bind_cancellation_slot(stop_writing_.slot(), [](std::exception_ptr) {
                   // write_rest keeps what went wrong where the reader finds it.
                 }));
}

// Nothing is awaited in a condition here: g++ 12.2 then resumes this coroutine at no place at all.
awaitable<void> Call::write_rest(std::shared_ptr<Call> self, std::size_t done) {
  std::exception_ptr failed;
  try {
    const bool whole = co_await self->write_in_turn(done);
    if (whole) self->sent();
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    if (!self->ended_) self->source_error_ = failed;
    ::shutdown(self->connection_->descriptor(), SHUT_RDWR);  // wakes the reader
  }
  self->writing_ = false;
  if (self->gone_ != nullptr) self->gone_->cancel();
}

awaitable<bool> Call::write_in_turn(std::size_t done) {
  const std::string_view head = connection_->out();
  if (done < head.size()) {
    const bool whole = co_await write_all(head.substr(done));
    if (!whole) co_return false;
    done = head.size();
  }
  if (exchange_->waiting_for_continue()) co_await wait_for_continue();
  if (wants_no_more()) co_return false;
  bool whole = false;
  if (request_.body_source() != nullptr)
    whole = co_await write_source();
  else
    whole = co_await write_all(bytes_.substr(done - head.size()));
  co_return whole;
}

awaitable<void> Call::wait_for_continue() {
  // RFC 9110 §10.1.1: nobody has to wait for ever, since a server may not know the expectation.
  asio::steady_timer timer(connection_->socket().get_executor(), client_->options().continue_timeout());
  limit(std::chrono::milliseconds{0});
  go_ = &timer;
  error_code woken;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  go_ = nullptr;
  if (!wants_no_more()) exchange_->waited_for_continue();
}

// False: it broke, or nobody wants it any longer. In plain text nothing is handed to the loop but the wait, so that
// memory of the caller's is not touched after the call has ended; TLS gets a copy of each record.
awaitable<bool> Call::write_all(std::string_view bytes) {
  std::size_t at_once = 0;
  std::string record;
  while (!bytes.empty()) {
    if (wants_no_more()) co_return false;
    error_code failed;
    std::size_t count = 0;
    if (connection_->tls() != nullptr) {
      record.assign(bytes.substr(0, tls_record));
      count = co_await connection_->write_some(record, failed);
      if (wants_no_more()) co_return false;
    } else {
      const auto result = ::send(connection_->descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (result >= 0)
        count = static_cast<std::size_t>(result);
      else if (!would_block(errno))
        failed.assign(errno, boost::system::system_category());
      at_once += count;
    }
    if (failed) {
      exchange_->write_failed(failed.message());
      co_return false;
    }
    exchange_->wrote(count);
    bytes.remove_prefix(count);
    if (count != 0) limit(client_->options().write_idle_timeout());
    if (connection_->tls() == nullptr && !bytes.empty() && (count == 0 || at_once >= most_written_at_once)) {
      at_once = 0;
      co_await connection_->socket().async_wait(Connection::Socket::wait_write,
                                                asio::redirect_error(asio::use_awaitable, failed));
      if (failed && !wants_no_more()) exchange_->write_failed(failed.message());
    }
  }
  co_return !wants_no_more();
}

awaitable<bool> Call::write_source() {
  const auto source = request_.body_source();
  const auto declared = body_facts_.size;
  std::uint64_t total = 0;
  std::string chunk;
  source_began_ = true;
  for (;;) {
    limit(std::chrono::milliseconds{0});
    const auto piece = co_await source->next();
    if (wants_no_more()) co_return false;
    if (piece.empty()) break;
    total += piece.size();
    if (declared && total > *declared)
      throw Error(errc::invalid_argument,
                  "the body source gives more bytes than the " + std::to_string(*declared) + " it announced");
    std::string_view bytes(piece.data(), piece.size());
    if (!declared) {
      make_chunk(chunk, piece);
      bytes = chunk;
    }
    limit(client_->options().write_idle_timeout());
    const bool whole = co_await write_all(bytes);
    if (!whole) co_return false;
  }
  if (declared && total != *declared)
    throw Error(errc::invalid_argument, "the body source ended after " + std::to_string(total) + " of the " +
                                            std::to_string(*declared) + " bytes it announced");
  bool whole = true;
  if (!declared) whole = co_await write_all("0\r\n\r\n");
  co_return whole;
}

}  // namespace weir::http
