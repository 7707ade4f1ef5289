#pragma once

#include <weir/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The rules of one exchange on one connection, without the connection: what is done after each thing that can happen,
/// whether the connection may carry another request, and whether the request may be sent again. Pure.
namespace weir::http {

/// What of a request decides how it may be treated.
struct RequestFacts {
  bool safe = false;        ///< by its method it only asks
  bool idempotent = false;  ///< doing it twice is the same as doing it once
  bool replayable = true;   ///< the body can be sent from its beginning again
  bool expects = false;     ///< "Expect: 100-continue" stands in the head
};

/// What of an answer's head does.
struct HeadFacts {
  int status = 0;
  bool keep_alive = false;
};

/// What is done next.
enum class Next : std::uint8_t {
  read_head,  ///< wait for the (next) head of an answer
  send_body,  ///< now the body may go, or go on; and wait for the head
  read_body,  ///< the answer is final: read what follows its head, be it nothing, and say `body_ended`
  finished,   ///< the answer is complete
  failed      ///< see `failure()`
};

/// Where an exchange was when it ended.
enum class Phase : std::uint8_t { acquire, write, first_byte, head, body };
std::string_view to_string(Phase phase) noexcept;

/// How an exchange went wrong.
struct Failure {
  errc code = errc::connection_lost;
  std::string text;
  bool maybe_applied = false;
  bool send_again = false;  ///< on a fresh connection, without a word to the caller
  bool without_expect = false;
};

/// One request on one connection. The owner tells what happened and does what `Next` says.
///
/// A connection is used again only when the request was sent whole, the answer was read whole, both sides keep it open
/// and nothing follows the answer. Whatever else happened, it is closed.
class Exchange {
 public:
  /// @param reused the connection carried a request before
  /// @param repeated this is the second sending already
  Exchange(RequestFacts request, bool reused, bool repeated) noexcept
      : request_(request), reused_(reused), repeated_(repeated), waiting_for_continue_(request.expects) {}

  // --- what happened ------------------------------------------------------------------------------------------------
  /// The kernel (or TLS) took this many bytes of the request.
  void wrote(std::size_t bytes) noexcept { written_ += bytes; }
  /// The last byte of the request was taken.
  void request_sent() noexcept { sent_ = true; }
  /// Sending broke. The answer may be there all the same: servers refuse a body before they have read it.
  Next write_failed(std::string_view why);
  /// The first byte of something came in.
  void answer_began() noexcept { answer_began_ = true; }
  Next head(const HeadFacts& head);
  /// "100 Continue" did not come in time.
  Next waited_for_continue() noexcept;
  /// The body of the answer is complete. `rest`: bytes that follow it.
  Next body_ended(bool rest) noexcept;
  /// The other side closed or broke the connection. `why`: "closed", "reset by peer".
  Next connection_ended(std::string_view why);
  /// What came is not HTTP, or over a limit.
  Next bad_answer(errc code, std::string_view why);
  /// The other side ended the connection's handshake after all: it has read nothing of the request.
  Next never_read(errc code, std::string_view why);
  /// The caller's deadline, or the caller.
  Next stopped(errc code, std::string_view why);

  // --- what follows from it -----------------------------------------------------------------------------------------
  bool waiting_for_continue() const noexcept { return waiting_for_continue_; }
  /// The body is wanted by nobody any longer: the answer came before it was sent.
  bool stop_sending() const noexcept { return stop_sending_; }
  bool finished() const noexcept { return finished_; }
  /// After `finished`.
  bool reusable() const noexcept { return finished_ && sent_ && keep_alive_ && !rest_ && !write_broke_; }
  const Failure& failure() const noexcept { return failure_; }
  Phase phase() const noexcept;
  /// Bytes left, and nothing proves that the server did not act on them.
  bool maybe_applied() const noexcept { return written_ != 0 && !request_.safe && !waiting_for_continue_; }

 private:
  Next fail(errc code, std::string text, bool may_send_again);

  RequestFacts request_;
  bool reused_;
  bool repeated_;
  bool waiting_for_continue_;
  bool stop_sending_ = false;
  bool sent_ = false;
  bool write_broke_ = false;
  bool answer_began_ = false;
  bool final_head_ = false;
  bool keep_alive_ = false;
  bool rest_ = false;
  bool finished_ = false;
  unsigned interim_ = 0;
  std::uint64_t written_ = 0;
  std::string write_error_;
  Failure failure_;
};

}  // namespace weir::http
