#include "net/call.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>

namespace weir::http {
namespace {

namespace asio = boost::asio;

constexpr std::size_t staging = 16 * 1024;
// Where the length is not known, a body begins with this much memory.
constexpr std::size_t first_room = 16 * 1024;
// A body is read straight to its place when at least this much of it is missing there; less goes through the buffer.
constexpr std::size_t worth_reading_directly = 4 * 1024;
// What is read without letting others have the loop in between.
constexpr std::size_t most_read_at_once = std::size_t{1} << 20U;

}  // namespace

void Call::begin_body() {
  response_.status = head_.status;
  if (streamed_) {
    deadline_ = request_.deadline().value_or(net::TimePoint::max());
    limit(std::chrono::milliseconds{0});
    if (!writing_) watch_.stop();  // nothing is under way until the next read, and nothing keeps the loop
  }
  speed_ = net::SpeedGuard(client_->options().low_speed_limit(), client_->options().low_speed_time());
  inflater_.reset();
  staged_begin_ = staged_end_ = 0;
  if (head_.gzip && client_->options().gzip() && head_.framing != Framing::none) {
    inflater_ = std::make_unique<Inflater>();
    staged_.resize(staging);
  }
}

// From what came already; 0: nothing more in it.
std::size_t Call::take(std::span<char> to) {
  auto& reader = connection_->reader();
  if (!inflater_) return reader.take(to);
  std::size_t made = 0;
  while (made < to.size()) {
    if (staged_begin_ == staged_end_) {
      staged_begin_ = 0;
      staged_end_ = reader.take(staged_);
    }
    const std::span<const char> in(staged_.data() + staged_begin_, staged_end_ - staged_begin_);
    const auto step = inflater_->run(in, to.subspan(made));
    if (!step) fail(errc::protocol_error, "the compressed body of the answer is not gzip");
    staged_begin_ += step->consumed;
    made += step->produced;
    if (step->consumed == 0 && step->produced == 0) break;
  }
  return made;
}

bool Call::complete() {
  auto& reader = connection_->reader();
  if (!reader.body_done()) return false;
  if (!inflater_) return true;
  if (staged_begin_ != staged_end_) return false;
  const bool nothing_at_all = staged_end_ == 0 && response_.body_size == 0;
  if (!inflater_->at_end() && !nothing_at_all)
    fail(errc::protocol_error, "the compressed body of the answer is cut short");
  return true;
}

awaitable<std::size_t> Call::read_body(std::span<char> to, bool fill) {
  std::size_t got = 0;
  std::size_t at_once = 0;
  while (!ended_) {
    auto& reader = connection_->reader();
    got += take(to.subspan(got));
    if (reader.fault()) fail(reader.fault()->code, reader.fault()->text);
    if (complete()) {
      finish();
      break;
    }
    if (got == to.size() || (got != 0 && !fill)) break;
    limit_read();
    error_code failed;
    const auto rest = to.subspan(got);
    std::uint64_t direct = reader.direct();
    if (inflater_ || rest.size() < std::min<std::uint64_t>(direct, worth_reading_directly)) direct = 0;
    if (direct != 0) {
      const auto wanted = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), direct)));
      std::size_t count = 0;
      if (at_once < most_read_at_once) count = connection_->read_now(wanted, failed);
      at_once += count;
      if (count == 0 && !failed) {
        at_once = 0;
        count = co_await connection_->read_some(wanted, failed);
      }
      if (!failed) {
        if (speed_.active()) speed_.came(count, net::coarse_now());
        reader.came_directly(count);
        got += count;
        continue;
      }
    } else {
      const auto count = co_await connection_->read_some(reader.room(), failed);
      if (!failed) {
        if (speed_.active()) speed_.came(count, net::coarse_now());
        reader.came(count);
        continue;
      }
    }
    if (failed == asio::error::eof && !watch_.expired() && !source_error_ && reader.closed()) continue;
    read_ended(failed);
    fail();
  }
  co_return got;
}

void Call::finish() {
  exchange_->body_ended(connection_->reader().buffered() != 0 || connection_->unread());
  if (!exchange_->reusable() || writing_) return end();
  ended_ = true;
  watch_.stop();
  connection_->used_well(response_.headers.find("Keep-Alive"));
  lease_.release();
}

// Where the next bytes of a collected body go; never empty, so that a byte too many is noticed.
std::span<char> Call::room() {
  std::span<char> out;
  const auto size = static_cast<std::size_t>(response_.body_size);
  if (const auto into = request_.into(); !into.empty()) {
    if (head_.framing == Framing::length && !inflater_ && head_.length > into.size())
      fail(errc::too_large, "the body of the answer has " + std::to_string(head_.length) +
                                " bytes, and there is room for " + std::to_string(into.size()));
    out = into.subspan(size);
  } else {
    std::size_t count = size == 0 ? first_room : 1;
    if (head_.framing == Framing::length && !inflater_) {
      if (head_.length > max_body_)
        fail(errc::too_large, "the body of the answer has " + std::to_string(head_.length) +
                                  " bytes, more than max_body (" + std::to_string(max_body_) + ")");
      count = static_cast<std::size_t>(head_.length) - size;
    }
    if (count != 0) out = response_.body.prepare(count);
  }
  const auto allowed = max_body_ - response_.body_size;
  if (out.size() > allowed) out = out.first(static_cast<std::size_t>(allowed));
  if (out.empty()) return beyond_;
  return out;
}

void Call::collected(std::size_t count) {
  if (count == 0) return;
  const auto& into = request_.into();
  const auto limit_of = std::min<std::uint64_t>(max_body_, into.empty() ? max_body_ : into.size());
  if (response_.body_size + count > limit_of)
    fail(errc::too_large,
         into.empty() || into.size() > max_body_
             ? "the body of the answer is longer than max_body (" + std::to_string(max_body_) + " bytes)"
             : "the body of the answer is longer than the room for it (" + std::to_string(into.size()) + " bytes)");
  if (into.empty()) response_.body.commit(count);
  response_.body_size += count;
}

bool Call::collect_now() {
  if (!single_) return false;
  while (inflater_ || !connection_->reader().body_done()) {
    const auto count = take(room());
    if (count == 0) break;
    collected(count);
  }
  if (connection_->reader().fault() || !complete()) return false;
  finish();
  return true;
}

awaitable<void> Call::collect_rest() {
  while (!ended_) {
    const auto count = co_await read_body(room(), true);
    collected(count);
  }
}

awaitable<void> Call::collect() { return on_connection(collect_rest()); }

awaitable<std::size_t> Call::read_piece(std::span<char> to) {
  if (!ended_ && !watch_.active()) watch();
  const auto count = co_await read_body(to, false);
  if (!ended_ && !writing_) watch_.stop();
  response_.body_size += count;
  if (request_.max_body() && response_.body_size > *request_.max_body())
    fail(errc::too_large,
         "the body of the answer is longer than max_body (" + std::to_string(*request_.max_body()) + " bytes)");
  co_return count;
}

awaitable<std::size_t> Call::read_some(std::span<char> to) {
  if (ended_) co_return 0;  // there is no connection any more on whose strand it could be found out
  co_return co_await on_connection(read_piece(to));
}

}  // namespace weir::http
