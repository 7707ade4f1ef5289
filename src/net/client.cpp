#include "net/answer_facts.hpp"
#include "net/call.hpp"

#include <boost/asio/this_coro.hpp>

#include <cstdlib>
#include <utility>

namespace weir::http {

namespace asio = boost::asio;

namespace detail {

/// The answer that a ResponseStream reads.
class Incoming {
 public:
  explicit Incoming(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;
  ~Incoming() { call_->abandon(); }
  const std::shared_ptr<Call>& call() const noexcept { return call_; }

 private:
  std::shared_ptr<Call> call_;
};

}  // namespace detail

namespace {

awaitable<ResponseStream> open_stream(std::shared_ptr<Call> call) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  call->prepare(PoolRegistry::of(executor));
  try {
    co_await call->begin();
  } catch (...) {
    call->rethrow();
  }
  co_return ResponseStream(std::make_unique<detail::Incoming>(call));
}

awaitable<std::size_t> read_stream(std::shared_ptr<Call> call, std::span<char> to) {
  std::size_t count = 0;
  try {
    count = co_await call->read_some(to);
  } catch (...) {
    call->rethrow();
  }
  co_return count;
}

awaitable<void> close_all(std::shared_ptr<detail::ClientState> state, std::optional<std::chrono::milliseconds> drain) {
  co_await state->owner().close(drain);
}

Error empty(std::string_view what) {
  return {errc::invalid_argument, std::string("an empty ") + std::string(what) + " can only be assigned and destroyed"};
}

}  // namespace

Client::Client(std::string origin_text, ClientOptions options)
    : state_(std::make_shared<detail::ClientState>(origin_text, std::move(options))) {}

awaitable<Response> Client::send(Request request) const {
  if (!state_) throw empty("http::Client");
  return Call::run(std::make_shared<Call>(state_, std::move(request), false));
}

awaitable<ResponseStream> Client::open(Request request) const {
  if (!state_) throw empty("http::Client");
  return open_stream(std::make_shared<Call>(state_, std::move(request), true));
}

const std::string& Client::origin() const {
  if (!state_) throw empty("http::Client");
  return state_->origin_text();
}

const ClientOptions& Client::options() const {
  if (!state_) throw empty("http::Client");
  return state_->options();
}

PoolStats Client::stats() const {
  if (!state_) throw empty("http::Client");
  return state_->owner().stats();
}

PoolStats Client::stats(const asio::any_io_executor& executor) const {
  if (!state_) throw empty("http::Client");
  return state_->owner().stats(PoolRegistry::of(executor));
}

awaitable<void> Client::close(std::optional<std::chrono::milliseconds> drain) const {
  if (!state_) throw empty("http::Client");
  return close_all(state_, drain);
}

ResponseStream::ResponseStream() noexcept = default;
ResponseStream::ResponseStream(std::unique_ptr<detail::Incoming> incoming) noexcept : incoming_(std::move(incoming)) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

const Response& ResponseStream::head() const {
  if (!incoming_) throw empty("http::ResponseStream");
  return incoming_->call()->response();
}

std::optional<std::uint64_t> ResponseStream::content_length() const {
  if (!incoming_) throw empty("http::ResponseStream");
  const auto& call = *incoming_->call();
  if (call.compressed() || call.head().framing != Framing::length) return std::nullopt;
  return call.head().length;
}

awaitable<std::size_t> ResponseStream::read_some(std::span<char> room) {
  if (!incoming_) throw empty("http::ResponseStream");
  return read_stream(incoming_->call(), room);
}

std::optional<std::chrono::milliseconds> Response::retry_after() const {
  const auto value = headers.find("Retry-After");
  if (!value) return std::nullopt;
  return parse_retry_after(*value, std::chrono::system_clock::now());
}

Error status_error(const Response& response, std::string_view operation, std::string_view endpoint) {
  errc code = errc::invalid_argument;
  switch (response.status) {
    case 401:
    case 407: code = errc::authentication_failed; break;
    case 403: code = errc::permission_denied; break;
    case 404: code = errc::not_found; break;
    case 408: code = errc::timeout; break;
    case 409:
    case 412: code = errc::conflict; break;
    case 413: code = errc::too_large; break;
    case 429: code = errc::throttled; break;
    case 502:
    case 503:
    case 504: code = errc::unavailable; break;
    default:
      if (response.status >= 500) code = errc::server_error;
  }
  ErrorContext context;
  context.backend("http").operation(std::string(operation)).endpoint(std::string(endpoint));
  context.server_code(std::to_string(response.status));
  if (const auto wait = response.retry_after()) context.retry_after(*wait);
  return {code, "the server answered with status " + std::to_string(response.status), std::move(context)};
}

}  // namespace weir::http
