#pragma once

/// @file
/// What is sent to an HTTP server and what comes back (<weir/http.hpp> has the client).

#include <weir/awaitable.hpp>
#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

namespace detail {
class HeadersAccess;
}

/// Header fields in the order in which they were added. Names compare without regard to case.
///
/// *Thread safety*: a value.
class WEIR_API Headers {
 public:
  /// One field. The views live as long as the Headers is neither changed nor destroyed.
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Headers() = default;

  /// Adds a field beside those of the same name. `invalid_argument` when the name is no token or the value holds a
  /// control character: nobody puts a second header or a request of their own in.
  Headers& add(std::string_view name, std::string_view value) &;
  Headers&& add(std::string_view name, std::string_view value) && { return std::move(add(name, value)); }
  /// Replaces all fields of that name.
  Headers& set(std::string_view name, std::string_view value) &;
  Headers&& set(std::string_view name, std::string_view value) && { return std::move(set(name, value)); }
  /// How many there were.
  std::size_t remove(std::string_view name);

  /// The value of the first field of that name; none when there is no such field.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name).has_value(); }
  std::size_t size() const noexcept { return places_.size(); }
  bool empty() const noexcept { return places_.empty(); }
  Field operator[](std::size_t index) const noexcept;
  /// All fields as they stand on the wire, "Name: value\r\n" each.
  const std::string& wire() const noexcept { return text_; }

 private:
  friend class detail::HeadersAccess;
  struct Place {
    std::uint32_t name;
    std::uint32_t name_size;
    std::uint32_t value;
    std::uint32_t value_size;
  };
  void append(std::string_view name, std::string_view value);

  std::string text_;
  std::vector<Place> places_;
};

/// The bytes of a body that was read whole. Move-only; its memory was never filled with zeros first.
class WEIR_API Body {
 public:
  Body() noexcept = default;
  Body(Body&& other) noexcept;
  Body& operator=(Body&& other) noexcept;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  ~Body() = default;

  const char* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view view() const noexcept { return {data_.get(), size_}; }
  std::string to_string() const { return std::string(view()); }

  /// Room for `count` more bytes behind what is there; `commit` says how many were put into it.
  std::span<char> prepare(std::size_t count);
  void commit(std::size_t count) noexcept { size_ += count; }
  void clear() noexcept { size_ = 0; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A request body that is made piece by piece. Derive from it.
///
/// *Executor*: `next` runs on the executor on which the request is sent (a strand of it, on a loop run by several
/// threads); it is cancelled when the request ends before the body does, and may be destroyed while it waits.
class WEIR_API BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource();

  /// The next piece, of any size; it stays valid until the next call. Empty: the end. What it throws ends the request
  /// and is what the caller gets.
  virtual awaitable<std::span<const char>> next() = 0;
  /// How many bytes there are in all; none: unknown, and the body is sent in chunks. A source that gives more or fewer
  /// bytes than this ends the request with `invalid_argument`.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
  /// Begins again. False: it cannot, so a request with this body is not repeated once `next` was called.
  virtual bool rewind() { return false; }
};

/// One request.
///
/// *Thread safety*: a value, but for `body_view`, `body_source` and `into`, which refer to what the caller keeps.
class WEIR_API Request {
 public:
  Request() = default;
  /// @param target_ path and query as they stand in the request line, percent-encoded by the caller: "/a/b?c=d"
  Request(std::string method_name, std::string target_text)
      : method_(std::move(method_name)), target_(std::move(target_text)) {}

  /// In capitals.
  WEIR_SETTING(Request, std::string, method, "GET")
  WEIR_SETTING(Request, std::string, target, "/")
  /// Content-Length, Transfer-Encoding, Connection and Expect are the client's own: `invalid_argument`.
  WEIR_SETTING(Request, Headers, headers, {})

  /// What is sent; at most one of the three.
  WEIR_SETTING(Request, std::string, body, {})
  /// The same without a copy: memory of the caller's, which stays as it is until the request has ended.
  WEIR_SETTING(Request, std::string_view, body_view, {})
  /// The same piece by piece.
  WEIR_SETTING(Request, std::shared_ptr<BodySource>, body_source, {})

  /// Memory of the caller's that takes the body of the answer; a longer one ends with `too_large`. Empty: the answer
  /// brings its own. It takes the bodies of errors too: look at the status.
  WEIR_SETTING(Request, std::span<char>, into, {})
  /// Whether doing it twice is the same as doing it once. None: GET, HEAD, PUT, DELETE, OPTIONS and TRACE are (RFC 9110
  /// §9.2.2).
  WEIR_SETTING(Request, std::optional<bool>, idempotent, {})
  /// Send the body only when the server says "100 Continue". None: by `ClientOptions::expect_continue_from`.
  WEIR_SETTING(Request, std::optional<bool>, expect_continue, {})
  /// The whole request, waiting for a connection included; 0: no limit. None: `ClientOptions::timeout`.
  WEIR_SETTING(Request, std::optional<std::chrono::milliseconds>, timeout, {})
  /// The same as a point in time; the earlier of the two counts.
  WEIR_SETTING(Request, std::optional<std::chrono::steady_clock::time_point>, deadline, {})
  /// From the end of the request to the first byte of the answer. None: `ClientOptions::first_byte_timeout`.
  WEIR_SETTING(Request, std::optional<std::chrono::milliseconds>, first_byte_timeout, {})
  /// The longest body that is read, after decompression. None: `ClientOptions::max_body`.
  WEIR_SETTING(Request, std::optional<std::uint64_t>, max_body, {})
  /// What errors and reports call it: "GET bucket". Empty: the method. Put no secret here.
  WEIR_SETTING(Request, std::string, operation, {})
};

/// One answer. Any status is an answer: what 404 or 503 means is for the caller to say (`status_error` helps).
class WEIR_API Response {
 public:
  Response() = default;

  int status = 0;
  Headers headers;
  /// Empty when the request had `into`.
  Body body;
  /// How long the body was, wherever it went; after decompression.
  std::uint64_t body_size = 0;
  /// The request was sent twice: a connection that had been idle was closed by the server just then.
  bool repeated = false;

  /// How long the server asks to be left alone (Retry-After: seconds or a date); none when it does not say.
  std::optional<std::chrono::milliseconds> retry_after() const;
};

}  // namespace weir::http
