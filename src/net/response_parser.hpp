#pragma once

#include <weir/http_message.hpp>

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::http {

/// Beast's parser with our own sinks: fields go into the caller's Headers, pieces of chunks into the caller's memory,
/// and nothing is allocated in between. One object parses one message.
class ResponseParser final : public boost::beast::http::basic_parser<false> {
 public:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;

  ResponseParser(bool head_request, std::uint32_t max_head) {
    skip(head_request);
    header_limit(max_head);
    body_limit(boost::none);
  }

  void fields_into(Headers& headers) noexcept { headers_ = &headers; }
  void body_into(std::span<char> to) noexcept {
    to_ = to;
    written_ = 0;
  }
  std::size_t written() const noexcept { return written_; }
  int status() const noexcept { return status_; }
  /// Bytes of the chunk that is under way, not given out yet.
  std::uint64_t chunk_rest() const noexcept { return chunk_rest_; }
  /// A chunk has begun, so that the next head of a chunk begins with the end of its line.
  bool chunk_begun() const noexcept { return chunk_begun_; }
  bool gzip() const noexcept { return gzip_; }

 private:
  void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view reason, int version, error_code& error) override;
  void on_field_impl(field name, string_view name_text, string_view value, error_code& error) override;
  void on_header_impl(error_code&) override { headers_ = nullptr; }  // what follows are trailers: nobody asked for them
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t size, string_view, error_code&) override {
    chunk_rest_ = size;
    chunk_begun_ = true;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override;
  void on_finish_impl(error_code&) override {}

  Headers* headers_ = nullptr;
  std::span<char> to_;
  std::size_t written_ = 0;
  std::uint64_t chunk_rest_ = 0;
  bool chunk_begun_ = false;
  int status_ = 0;
  bool coded_ = false;
  bool gzip_ = false;
};

}  // namespace weir::http
