#pragma once

#include "net/response_parser.hpp"

#include <weir/error.hpp>
#include <weir/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::http {

/// How the end of a body is told, RFC 9112 §6.3.
enum class Framing : std::uint8_t { none, length, chunked, until_close };

/// What an answer's head says.
struct ResponseHead {
  int status = 0;
  bool keep_alive = false;
  Framing framing = Framing::none;
  std::uint64_t length = 0;  ///< with Framing::length
  bool gzip = false;         ///< the body is compressed so, and nothing else
};

/// What is wrong with the bytes that came.
struct Fault {
  errc code = errc::protocol_error;
  std::string text;
};

/// Takes the answers of one connection apart, one after the other. Bytes go in by `room` and `came`; heads come out of
/// `head`, bodies out of `take`, or do not go through here at all: `direct` says how many bytes of the body may be read
/// from the connection straight to where they belong. Memory: one buffer, as long as the longest head allowed. Pure.
class MessageReader {
 public:
  explicit MessageReader(std::uint32_t max_head);

  /// The next answer. `head_request`: it has no body whatever its head says.
  void begin(bool head_request);

  // --- bytes in -----------------------------------------------------------------------------------------------------
  /// Where to read to; empty only when the buffer holds as much as a head may be long.
  std::span<char> room();
  void came(std::size_t count) noexcept { end_ += count; }
  /// Bytes that nobody took yet.
  std::size_t buffered() const noexcept { return end_ - begin_; }

  // --- the head -----------------------------------------------------------------------------------------------------
  /// True: a head is complete and `headers` is filled. False: more bytes are needed, or see `fault`. After an interim
  /// answer (1xx) call `begin` again.
  bool head(ResponseHead& out, Headers& headers);

  // --- the body -----------------------------------------------------------------------------------------------------
  /// Moves what is there of the body into `to`; 0: `body_done`, or more bytes are needed, or see `fault`.
  std::size_t take(std::span<char> to);
  bool body_done() const noexcept { return body_done_; }
  /// How much of the body may be read past this object now: everything that came was taken, and no framing is in
  /// between.
  std::uint64_t direct() const noexcept;
  void came_directly(std::uint64_t count) noexcept;
  /// The connection was closed in order. True: that is the end of the body; false: it is cut short.
  bool closed() noexcept;

  const std::optional<Fault>& fault() const noexcept { return fault_; }

 private:
  /// A usual head that is there whole.
  bool scan(ResponseHead& out, Headers& headers);
  void parse(std::string_view what);
  bool begins_like_a_chunk();
  bool fail(errc code, std::string text);

  const std::uint32_t max_head_;
  std::size_t capacity_;
  std::unique_ptr<char[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<ResponseParser>
      parser_;  ///< of an answer that is not a usual one, and of every one that comes in pieces
  Framing framing_ = Framing::none;
  std::uint64_t remaining_ = 0;
  std::size_t head_bytes_ = 0;
  bool head_request_ = false;
  bool body_done_ = false;
  std::optional<Fault> fault_;
};

}  // namespace weir::http
