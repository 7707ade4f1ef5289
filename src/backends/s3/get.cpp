// Objects that are read over one connection.
#include "backends/s3/get.hpp"

#include "backends/s3/crc32c.hpp"
#include "backends/s3/objects.hpp"

namespace weir::s3 {

ObjectStream::ObjectStream() noexcept = default;
ObjectStream::ObjectStream(std::unique_ptr<detail::StreamState> state) noexcept : state_(std::move(state)) {}
ObjectStream::ObjectStream(ObjectStream&&) noexcept = default;
ObjectStream& ObjectStream::operator=(ObjectStream&&) noexcept = default;
ObjectStream::~ObjectStream() = default;

const ObjectInfo& ObjectStream::info() const {
  if (!state_) throw Error(errc::invalid_argument, "the stream is empty");
  return state_->info();
}

awaitable<std::size_t> ObjectStream::read_some(std::span<char> room) {
  if (!state_) throw Error(errc::invalid_argument, "the stream is empty");
  return state_->read_some(room);
}

namespace detail {

Call get_call(const Session& session, std::string method, std::string key, const GetOptions& options) {
  check_key(key);
  Call call(std::move(method), std::move(key), "get");
  call.with(options);
  if (!options.version_id().empty()) call.parameters.emplace_back("versionId", options.version_id());
  if (options.if_match()) call.headers.add("If-Match", quoted_etag(*options.if_match()));
  if (session.options().checksums()) call.headers.add("x-amz-checksum-mode", "ENABLED");
  return call;
}

namespace {

void add_range(Call& call, std::uint64_t offset, std::optional<std::uint64_t> length) {
  if (offset == 0 && !length) return;
  if (length && *length == 0) throw Error(errc::invalid_argument, "a part of an object has at least one byte");
  call.headers.add("Range", length ? range_text(offset, *length) : range_from(offset));
}

/// That an answer holds what was asked for: a store may pass over the range and give the whole object.
void check_range(const http::Response& head, const GetOptions& options) {
  if (options.offset() == 0 && !options.length()) return;
  const auto whole = head.status == 200 ? length_of(head) : std::nullopt;
  if (options.offset() == 0 && whole && *whole <= *options.length()) return;
  check_part(head, options.offset());
}

}  // namespace

awaitable<std::optional<Object>> get_object(SessionPointer session, std::string key, GetOptions options) {
  options = begun(std::move(options));
  policy::Attempts attempts;
  for (;;) {
    auto call = get_call(*session, "GET", key, options);
    add_range(call, options.offset(), options.length());
    call.max_body = options.max_size();
    call.transfer = options.max_size().value_or(0) > 1024 * 1024;
    call.answers[0] = 404;
    auto reply = co_await Session::send(session, std::move(call));
    if (reply.response.status == 404) co_return std::nullopt;
    check_range(reply.response, options);
    const auto expected = whole_checksum(reply.response);
    if (expected.empty() || !session->options().checksums() ||
        expected == crc32c_text(crc32c(reply.response.body.view()))) {
      Object out;
      out.info = info_of(reply.response, std::move(key));
      if (!total_of(reply.response)) out.info.size = reply.response.body.size();
      out.body = std::move(reply.response.body);
      co_return out;
    }
    auto again = get_call(*session, "GET", key, options);
    co_await Session::pause(session, &again, &attempts, checksum_error());
  }
}

awaitable<std::optional<ObjectInfo>> head_object(SessionPointer session, std::string key, GetOptions options) {
  auto call = get_call(*session, "HEAD", key, options);
  call.operation = "head";
  call.answers[0] = 404;
  const auto reply = co_await Session::send(session, std::move(call));
  if (reply.response.status == 404) co_return std::nullopt;
  co_return info_of(reply.response, std::move(key));
}

StreamState::StreamState(SessionPointer session, GetOptions options, http::ResponseStream stream, ObjectInfo info)
    : session_(std::move(session)),
      options_(std::move(options)),
      stream_(std::move(stream)),
      info_(std::move(info)),
      expected_(session_->options().checksums() ? whole_checksum(stream_.head()) : std::string()),
      position_(options_.offset()) {
  const auto& head = stream_.head();
  const auto total = total_of(head);
  const auto length = total ? std::optional<std::uint64_t>() : length_of(head);
  if (length && head.status == 206) {
    end_ = position_ + *length;
  } else if (const auto size = total ? total : length) {
    const auto rest = *size > position_ ? *size - position_ : 0;
    end_ = position_ + std::min(rest, options_.length().value_or(rest));
  }
}

awaitable<std::size_t> StreamState::read_some(std::span<char> room) {
  if (room.empty()) co_return 0;
  for (;;) {
    if (!stream_ && all_there()) break;
    std::optional<Error> failure;
    try {
      if (!stream_) co_await reopen();
      const auto size = co_await stream_.read_some(room);
      position_ += size;
      if (!expected_.empty()) checksum_ = crc32c({room.data(), size}, checksum_);
      if (size > 0) {
        attempts_ = policy::Attempts();
        co_return size;
      }
      // Where nobody said how long it is, the transport's own end is all there is to go by.
      if (!end_ || all_there()) break;
      failure = Error(errc::connection_lost, "the object's bytes stopped before their end");
    } catch (const Error& error) {
      failure = error;
    }
    stream_ = http::ResponseStream();
    auto call = get_call(*session_, "GET", info_.key, options_);
    if (failure->kind() == errc::cancelled || !end_) throw session_->complete(*failure, call);
    if (all_there()) break;
    co_await Session::pause(session_, &call, &attempts_, std::move(*failure));
  }
  if (!expected_.empty() && crc32c_text(checksum_) != expected_)
    throw session_->complete(checksum_error(), Call("GET", {}, "get"));
  co_return 0;
}

awaitable<void> StreamState::reopen() {
  auto options = options_;
  if (!info_.etag.empty()) options.if_match(info_.etag);
  auto call = get_call(*session_, "GET", info_.key, options);
  call.transfer = true;
  call.headers.add("Range", end_ ? range_text(position_, *end_ - position_) : range_from(position_));
  auto stream = co_await Session::open(session_, std::move(call));
  check_part(stream.head(), position_);
  stream_ = std::move(stream);
}

awaitable<ObjectStream> open_object(SessionPointer session, std::string key, GetOptions options) {
  auto call = get_call(*session, "GET", key, options);
  add_range(call, options.offset(), options.length());
  call.transfer = true;
  auto stream = co_await Session::open(session, std::move(call));
  check_range(stream.head(), options);
  auto info = info_of(stream.head(), std::move(key));
  co_return ObjectStream(
      std::make_unique<StreamState>(std::move(session), std::move(options), std::move(stream), std::move(info)));
}

}  // namespace detail
}  // namespace weir::s3
