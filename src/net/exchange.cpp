#include "net/exchange.hpp"

#include <utility>

namespace weir::http {
namespace {

// A server that goes on saying "wait" is no server. RFC 9110 §15.2 sets no number.
constexpr unsigned most_interim_answers = 32;

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::acquire: return "waiting for a connection";
    case Phase::write: return "writing the request";
    case Phase::first_byte: return "waiting for the first byte of the answer";
    case Phase::head: return "reading the head of the answer";
    case Phase::body: return "reading the body of the answer";
  }
  return "";
}

Phase Exchange::phase() const noexcept {
  if (final_head_) return Phase::body;
  if (answer_began_) return Phase::head;
  return sent_ || waiting_for_continue_ ? Phase::first_byte : Phase::write;
}

// Sent again: when nothing of the request left; or when a connection that had been idle ended before it said anything,
// which is how a server's keep-alive time runs out, and doing it twice does no harm. Once, and never after an answer.
Next Exchange::fail(errc code, std::string text, bool may_send_again) {
  failure_.code = code;
  failure_.text = std::move(text);
  failure_.maybe_applied = maybe_applied();
  const bool harmless = written_ == 0 || (reused_ && (request_.idempotent || waiting_for_continue_));
  failure_.send_again = may_send_again && !repeated_ && !answer_began_ && harmless && request_.replayable;
  keep_alive_ = false;
  stop_sending_ = true;
  return Next::failed;
}

Next Exchange::write_failed(std::string_view why) {
  write_broke_ = true;
  stop_sending_ = true;
  if (write_error_.empty()) write_error_ = why;
  if (written_ == 0) return connection_ended(why);
  return Next::read_head;
}

Next Exchange::head(const HeadFacts& head) {
  answer_began_ = true;
  if (head.status == 101)
    return bad_answer(errc::protocol_error, "the server switched protocols, which nobody asked for");
  if (head.status < 100 || head.status > 999) return bad_answer(errc::protocol_error, "a status that is no status");
  if (head.status < 200) {
    if (++interim_ > most_interim_answers)
      return bad_answer(errc::protocol_error, "more than 32 interim answers (1xx)");
    if (head.status == 100 && waiting_for_continue_) {
      waiting_for_continue_ = false;
      return Next::send_body;
    }
    return Next::read_head;
  }
  final_head_ = true;
  keep_alive_ = head.keep_alive;
  const bool body_was_held_back = waiting_for_continue_;
  waiting_for_continue_ = false;
  if (head.status == 417 && request_.expects && body_was_held_back && !repeated_ && request_.replayable) {
    // RFC 9110 §10.1.1: the expectation was refused, not the request, of which the server has seen the head only.
    fail(errc::protocol_error, "417 Expectation Failed", false);
    failure_.send_again = true;
    failure_.without_expect = true;
    return Next::failed;
  }
  if (!sent_) {
    // The server answered early. An error means that it does not want the rest; either way it cannot tell whether what
    // we send next is body or another request, so the connection ends here unless the body is complete in time.
    if (head.status >= 300 || body_was_held_back) stop_sending_ = true;
  }
  return Next::read_body;
}

Next Exchange::waited_for_continue() noexcept {
  if (!waiting_for_continue_) return final_head_ ? Next::read_body : Next::read_head;
  waiting_for_continue_ = false;
  return Next::send_body;
}

Next Exchange::body_ended(bool rest) noexcept {
  rest_ = rest;
  finished_ = true;
  if (!sent_) stop_sending_ = true;
  return Next::finished;
}

Next Exchange::connection_ended(std::string_view why) {
  std::string text;
  switch (phase()) {
    case Phase::acquire:
    case Phase::write: text = "the connection ended while the request was being written"; break;
    case Phase::first_byte: text = "the connection ended before the first byte of the answer"; break;
    case Phase::head: text = "the connection ended within the head of the answer"; break;
    case Phase::body: text = "the connection ended within the body of the answer"; break;
  }
  text += ": ";
  text += write_error_.empty() ? why : std::string_view(write_error_);
  return fail(errc::connection_lost, std::move(text), true);
}

Next Exchange::bad_answer(errc code, std::string_view why) {
  answer_began_ = true;
  return fail(code, std::string(why), false);
}

Next Exchange::never_read(errc code, std::string_view why) {
  written_ = 0;
  return fail(code, std::string(why), false);
}

Next Exchange::stopped(errc code, std::string_view why) {
  std::string text(why);
  if (code == errc::timeout) {
    text += " while ";
    text += to_string(phase());
  }
  return fail(code, std::move(text), false);
}

}  // namespace weir::http
