#include "net/message_reader.hpp"

#include "net/head_scan.hpp"
#include "net/headers_access.hpp"
#include "net/tokens.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir::http {
namespace {

namespace beast_http = boost::beast::http;

// What is read at once where the head or the framing of chunks is in the way.
constexpr std::size_t usual_buffer = 16 * 1024;

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace

void ResponseParser::on_response_impl(int status, string_view, int, error_code&) { status_ = status; }

void ResponseParser::on_field_impl(field name, string_view name_text, string_view value, error_code& error) {
  if (headers_ == nullptr) return;
  if (headers_->size() == 1000) {
    error = beast_http::error::header_limit;
    return;
  }
  // Only "chunked" is ours to undo; a body under any other transfer coding would be taken for what it is not.
  if (name == field::transfer_encoding && !same_name(trimmed(view(value)), "chunked")) {
    error = beast_http::error::bad_transfer_encoding;
    return;
  }
  if (name == field::content_encoding) {
    const auto coding = trimmed(view(value));
    gzip_ = !coded_ && (same_name(coding, "gzip") || same_name(coding, "x-gzip"));
    coded_ = true;
  }
  detail::HeadersAccess::append(*headers_, view(name_text), view(value));
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, string_view body, error_code&) {
  const auto count = std::min(body.size(), to_.size() - written_);
  std::memcpy(to_.data() + written_, body.data(), count);
  written_ += count;
  chunk_rest_ -= count;
  return count;
}

MessageReader::MessageReader(std::uint32_t max_head)
    : max_head_(max_head), capacity_(usual_buffer), buffer_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

void MessageReader::begin(bool head_request) {
  head_request_ = head_request;
  parser_.reset();
  framing_ = Framing::none;
  remaining_ = 0;
  head_bytes_ = 0;
  body_done_ = false;
  fault_.reset();
}

std::span<char> MessageReader::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == capacity_ && begin_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  const std::size_t most = std::max<std::size_t>(usual_buffer, std::size_t{max_head_} + 1);
  if (end_ == capacity_ && capacity_ < most) {
    const auto larger = std::min(capacity_ * 2, most);
    auto moved = std::make_unique_for_overwrite<char[]>(larger);
    std::memcpy(moved.get(), buffer_.get(), end_);
    buffer_ = std::move(moved);
    capacity_ = larger;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

bool MessageReader::fail(errc code, std::string text) {
  Fault fault;
  fault.code = code;
  fault.text = std::move(text);
  fault_ = std::move(fault);
  return false;
}

void MessageReader::parse(std::string_view what) {
  boost::beast::error_code error;
  begin_ += parser_->put(boost::asio::const_buffer(buffer_.get() + begin_, end_ - begin_), error);
  if (!error) return;
  if (error == beast_http::error::need_more) {
    if (buffered() > max_head_)
      fail(errc::too_large, std::string(what) + " is longer than max_head (" + std::to_string(max_head_) + " bytes)");
    return;
  }
  if (error == beast_http::error::header_limit) {
    fail(errc::too_large,
         std::string(what) + " is longer than max_head (" + std::to_string(max_head_) + " bytes, 1000 fields)");
    return;
  }
  fail(errc::protocol_error, std::string(what) + " is not HTTP: " + error.message());
}

bool MessageReader::scan(ResponseHead& out, Headers& headers) {
  if (!headers.empty()) return false;
  const auto scanned = scan_head({buffer_.get() + begin_, buffered()}, max_head_, head_request_, headers);
  if (!scanned) return false;
  begin_ += scanned->size;
  const bool none = head_request_ || scanned->status == 204 || scanned->status == 304;
  framing_ = none ? Framing::none : Framing::length;
  remaining_ = none ? 0 : *scanned->length;
  out.status = scanned->status;
  out.keep_alive = scanned->keep_alive;
  out.gzip = false;
  out.framing = framing_;
  out.length = remaining_;
  body_done_ = remaining_ == 0;
  return true;
}

bool MessageReader::head(ResponseHead& out, Headers& headers) {
  if (buffered() == 0) return false;
  if (!parser_) {
    if (scan(out, headers)) return true;
    parser_.emplace(head_request_, max_head_);
  }
  // The parser looks at a head twice when it comes in pieces; fields it gave before it ran out of bytes stay valid.
  if (headers.empty()) detail::HeadersAccess::reserve(headers, buffered());
  parser_->fields_into(headers);
  const auto before = begin_;
  parse("the head of the answer");
  // The parser takes a head line by line, so that no line alone need be too long.
  head_bytes_ += begin_ - before;
  if (!fault_ && head_bytes_ > max_head_)
    fail(errc::too_large, "the head of the answer is longer than max_head (" + std::to_string(max_head_) + " bytes)");
  if (fault_ || !parser_->is_header_done()) return false;
  out.status = parser_->status();
  out.keep_alive = parser_->keep_alive();
  out.gzip = parser_->gzip();
  const bool none = head_request_ || out.status < 200 || out.status == 204 || out.status == 304;
  if (none) {
    framing_ = Framing::none;
  } else if (parser_->chunked()) {
    framing_ = Framing::chunked;
  } else if (const auto length = parser_->content_length()) {
    framing_ = Framing::length;
    remaining_ = *length;
  } else {
    framing_ = Framing::until_close;
  }
  out.framing = framing_;
  out.length = remaining_;
  body_done_ = framing_ == Framing::none || (framing_ == Framing::length && remaining_ == 0);
  return true;
}

// Whether what is there can be the beginning of a chunk's head; if not, it is an error now and not when more comes.
bool MessageReader::begins_like_a_chunk() {
  std::string_view begin(buffer_.get() + begin_, std::min<std::size_t>(buffered(), 3));
  const std::string_view end_of_line = parser_->chunk_begun() ? "\r\n" : "";
  const auto common = std::min(begin.size(), end_of_line.size());
  bool well = begin.substr(0, common) == end_of_line.substr(0, common);
  if (well && begin.size() > common) {
    const char digit = lower(begin[common]);
    well = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  }
  return well || fail(errc::protocol_error, "the framing of a chunk is not HTTP");
}

std::size_t MessageReader::take(std::span<char> to) {
  if (body_done_ || fault_ || to.empty()) return 0;
  if (framing_ == Framing::chunked) {
    parser_->body_into(to);
    // The shortest that can follow a chunk is "0\r\n\r\n"; with less, Beast's parser would not know what it looks at.
    const auto enough = [this] {
      if (parser_->chunk_rest() != 0) return buffered() != 0;
      return buffered() >= 5 || !begins_like_a_chunk();
    };
    while (!parser_->is_done() && parser_->written() < to.size() && enough() && !fault_) {
      const auto before = begin_;
      parse("the framing of a chunk");
      if (begin_ == before) break;
    }
    body_done_ = !fault_ && parser_->is_done();
    return fault_ ? 0 : parser_->written();
  }
  auto count = std::min(to.size(), buffered());
  if (framing_ == Framing::length) count = static_cast<std::size_t>(std::min<std::uint64_t>(count, remaining_));
  std::memcpy(to.data(), buffer_.get() + begin_, count);
  begin_ += count;
  if (framing_ == Framing::length) {
    remaining_ -= count;
    body_done_ = remaining_ == 0;
  }
  return count;
}

std::uint64_t MessageReader::direct() const noexcept {
  if (body_done_ || buffered() != 0) return 0;
  if (framing_ == Framing::length) return remaining_;
  return framing_ == Framing::until_close ? ~std::uint64_t{0} : 0;
}

void MessageReader::came_directly(std::uint64_t count) noexcept {
  if (framing_ != Framing::length) return;
  remaining_ -= count;
  body_done_ = remaining_ == 0;
}

bool MessageReader::closed() noexcept {
  if (framing_ == Framing::until_close && buffered() == 0) body_done_ = true;
  return body_done_;
}

}  // namespace weir::http
