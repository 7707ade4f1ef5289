// Objects in parts.
#include "backends/s3/objects.hpp"
#include "backends/s3/parts.hpp"
#include "net/strand_call.hpp"
#include "net/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <cstring>
#include <deque>

namespace weir::s3::detail {

namespace asio = boost::asio;

Upload::Upload(SessionPointer session, std::string key, PutOptions options, bool checksums)
    : session_(std::move(session)),
      key_(std::move(key)),
      options_(begun(std::move(options))),
      token_(write_token(options_)),
      checksums_(checksums && session_->options().checksums()) {
  check_key(key_);
  if (token_.empty()) {
    // The end of an upload may be asked for twice, whatever its condition.
    PutOptions conditional;
    token_ = write_token(conditional.only_if_absent(true));
  }
}

Call Upload::call(std::string method, std::string_view what) const {
  Call out(std::move(method), key_, what);
  out.with(options_);
  out.writes = true;
  return out;
}

awaitable<void> Upload::begin() {
  auto request = call("POST", "begin upload");
  request.parameters.emplace_back("uploads", "");
  request.document = true;
  add_put_fields(request.headers, options_, token_);
  if (checksums_) request.headers.add("x-amz-checksum-algorithm", "CRC32C");
  const auto reply = co_await Session::send(session_, std::move(request));
  id_ = parse_upload_id(reply.response.body.view());
}

awaitable<UploadedPart> Upload::part(std::uint64_t number, std::string_view bytes) {
  auto request = call("PUT", "upload part");
  request.parameters.emplace_back("partNumber", std::to_string(number));
  request.parameters.emplace_back("uploadId", id_);
  request.body = bytes;
  request.transfer = true;
  if (checksums_) add_checksum(request.headers, bytes);
  const auto checksum = request.headers.find("x-amz-checksum-crc32c");
  UploadedPart out;
  out.checksum = std::string(checksum.value_or(std::string_view()));
  const auto reply = co_await Session::send(session_, std::move(request));
  out.etag = without_quotes(reply.response.headers.find("ETag").value_or(std::string_view()));
  if (out.etag.empty()) throw Error(errc::protocol_error, "the store took a part and gave no ETag");
  co_return out;
}

awaitable<UploadedPart> Upload::copy_part(std::uint64_t number, std::string source, std::string etag,
                                          std::string range) {
  auto request = call("PUT", "copy part");
  request.parameters.emplace_back("partNumber", std::to_string(number));
  request.parameters.emplace_back("uploadId", id_);
  request.document = true;
  request.transfer = true;  // the store may take its time, with white space in between
  request.headers.add("x-amz-copy-source", source).add("x-amz-copy-source-range", range);
  if (!etag.empty()) request.headers.add("x-amz-copy-source-if-match", quoted_etag(etag));
  const auto reply = co_await Session::send(session_, std::move(request));
  UploadedPart out;
  out.etag = parse_copy(reply.response.body.view()).etag;
  if (out.etag.empty()) throw Error(errc::protocol_error, "the store copied a part and gave no ETag");
  co_return out;
}

awaitable<ObjectInfo> Upload::complete(std::vector<UploadedPart> parts) {
  const auto body = complete_request(parts);
  auto request = call("POST", "complete upload");
  request.parameters.emplace_back("uploadId", id_);
  request.body = body;
  request.document = true;
  request.transfer = true;  // putting many parts together may take minutes
  request.answers = {404, 412};
  if (options_.only_if_absent()) request.headers.add("If-None-Match", "*");
  if (options_.if_match()) request.headers.add("If-Match", quoted_etag(*options_.if_match()));
  const auto deadline = request.deadline;
  const auto reply = co_await Session::send(session_, std::move(request));
  if (reply.response.status >= 300) {
    if (reply.sent_before) {
      auto ours = co_await written_by_us(session_, key_, token_, deadline);
      if (ours) co_return std::move(*ours);
    }
    if (reply.response.status == 412) throw_precondition(*session_, options_, "complete upload");
    throw error_of_code("NoSuchUpload", "somebody ended the upload", "complete upload", session_->endpoint_text(),
                        true);
  }
  auto info = info_of(reply.response, key_);
  info.etag = parse_completed(reply.response.body.view());
  co_return info;
}

bool Upload::time_is_over() const {
  return options_.deadline() && std::chrono::steady_clock::now() >= *options_.deadline();
}

awaitable<void> Upload::abort() { return abort_upload(session_, key_, id_); }

awaitable<void> abort_upload(SessionPointer session, std::string key, std::string id) {
  if (id.empty()) co_return;
  Call call("DELETE", std::move(key), "abort upload");
  call.parameters.emplace_back("uploadId", std::move(id));
  call.writes = true;
  call.answers[0] = 404;
  call.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  co_await Session::send(session, std::move(call));
}

namespace {

awaitable<void> abort_quietly(std::shared_ptr<Upload> upload) {
  try {
    co_await upload->abort();
  } catch (const boost::system::system_error&) {
    // What the caller is told is why the upload failed; parts that could not be removed are what abort_uploads is for.
    co_return;
  }
}

}  // namespace

awaitable<void> give_up(std::shared_ptr<Upload> upload, std::exception_ptr failure, bool cancelled,
                        asio::any_io_executor background) {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (cancelled || state.cancelled() != asio::cancellation_type::none) {
    asio::co_spawn(background, abort_quietly(upload), [](std::exception_ptr) {});
    throw upload->session().complete(Error(errc::cancelled, "cancelled"), Call("PUT", {}, "put"));
  }
  if (upload->time_is_over())
    asio::co_spawn(background, abort_quietly(upload), [](std::exception_ptr) {});
  else
    co_await abort_quietly(upload);
  std::rethrow_exception(failure);
}

namespace {

struct Parts {
  explicit Parts(std::shared_ptr<Upload> of) : upload(std::move(of)) {}
  const std::shared_ptr<Upload> upload;
  std::deque<UploadedPart> done;
  std::vector<std::unique_ptr<char[]>> spare;
  std::uint64_t spare_size = 0;
};

awaitable<void> send_view(std::shared_ptr<Parts> parts, std::size_t index, std::string_view bytes) {
  auto done = co_await parts->upload->part(index + 1, bytes);
  parts->done[index] = std::move(done);
}

awaitable<void> send_buffer(std::shared_ptr<Parts> parts, std::size_t index, std::unique_ptr<char[]> buffer,
                            std::size_t size, std::uint64_t capacity) {
  const std::string_view bytes(buffer.get(), size);
  auto done = co_await parts->upload->part(index + 1, bytes);
  parts->done[index] = std::move(done);
  if (capacity == parts->spare_size) parts->spare.push_back(std::move(buffer));
}

/// Cuts what a source gives into parts.
class Cutter {
 public:
  explicit Cutter(std::shared_ptr<http::BodySource> source) : source_(std::move(source)) {}

  /// Fills the room; less than that: the source has ended.
  awaitable<std::size_t> fill(std::span<char> room) {
    std::size_t filled = 0;
    while (filled < room.size() && !ended_) {
      if (piece_.empty()) {
        piece_ = co_await source_->next();
        ended_ = piece_.empty();
        continue;
      }
      const auto size = std::min(piece_.size(), room.size() - filled);
      std::memcpy(room.data() + filled, piece_.data(), size);
      filled += size;
      piece_ = piece_.subspan(size);
    }
    co_return filled;
  }

 private:
  std::shared_ptr<http::BodySource> source_;
  std::span<const char> piece_;
  bool ended_ = false;
};

awaitable<ObjectInfo> upload_from(asio::any_io_executor strand, asio::any_io_executor background,
                                  SessionPointer session, std::string key, std::shared_ptr<http::BodySource> source,
                                  PutOptions options) {
  const auto& settings = session->options();
  auto wished = settings.part_size();
  if (const auto size = source->size()) wished = plan_parts(*size, wished).part_size;
  Cutter cutter(std::move(source));
  auto capacity = wished;
  auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
  std::span<char> room(buffer.get(), capacity);
  auto size = co_await cutter.fill(room);
  if (size < capacity) {
    const std::string_view body(buffer.get(), size);
    co_return co_await put_single(session, std::move(key), body, std::move(options));
  }

  auto parts = std::make_shared<Parts>(std::make_shared<Upload>(session, key, std::move(options)));
  co_await parts->upload->begin();
  net::TaskGroup group(strand);
  std::uint64_t total = 0;
  std::exception_ptr failure;
  try {
    while (size > 0 && !group.error()) {
      const auto index = parts->done.size();
      if (index >= max_parts) throw Error(errc::too_large, "more than 10,000 parts; a larger part_size is needed");
      parts->done.emplace_back();
      total += size;
      const bool last = size < capacity;
      group.spawn(send_buffer(parts, index, std::move(buffer), size, capacity));
      if (last) break;
      capacity = std::max(wished, growing_part(index + 1, wished, settings.memory_limit() / 4));
      const auto most =
          std::clamp<std::uint64_t>(settings.memory_limit() / capacity, 2, settings.concurrency() + 1) - 1;
      while (group.running() >= most && !group.error()) co_await group.wait_once();
      if (parts->spare_size != capacity) parts->spare.clear();
      parts->spare_size = capacity;
      if (parts->spare.empty()) {
        buffer = std::make_unique_for_overwrite<char[]>(capacity);
      } else {
        buffer = std::move(parts->spare.back());
        parts->spare.pop_back();
      }
      room = std::span<char>(buffer.get(), capacity);
      size = co_await cutter.fill(room);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) group.cancel();
  bool cancelled = false;
  WEIR_JOIN(group, cancelled);
  if (!failure) failure = group.error();
  if (failure || cancelled) co_await give_up(parts->upload, failure, cancelled, background);
  std::vector<UploadedPart> done(parts->done.begin(), parts->done.end());
  ObjectInfo info;
  try {
    info = co_await parts->upload->complete(std::move(done));
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await give_up(parts->upload, failure, false, background);
  }
  info.size = total;
  co_return info;
}

/// Nothing more than the parts of one body, so that whoever calls it can tell a cancellation from a failure.
awaitable<void> upload_views(std::shared_ptr<Parts> parts, PartPlan plan, std::string_view body, std::size_t most) {
  auto task = [parts, plan, body](std::size_t index) {
    return send_view(parts, index, body.substr(plan.begin(index), plan.size(index)));
  };
  return net::for_each_index(plan.count, most, std::move(task));
}

// The top of a coroutine of its own, so that what a cancellation leaves behind does not meet the caller.
awaitable<ObjectInfo> upload_body(asio::any_io_executor background, SessionPointer session, std::string key,
                                  std::string_view body, PutOptions options) {
  const auto plan = plan_parts(body.size(), session->options().part_size());
  auto parts = std::make_shared<Parts>(std::make_shared<Upload>(session, key, std::move(options)));
  parts->done.resize(plan.count);
  co_await parts->upload->begin();
  std::exception_ptr failure;
  ObjectInfo info;
  try {
    co_await upload_views(parts, plan, body, session->options().concurrency());
    std::vector<UploadedPart> done(parts->done.begin(), parts->done.end());
    info = co_await parts->upload->complete(std::move(done));
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await give_up(parts->upload, failure, false, background);
  }
  info.size = body.size();
  co_return info;
}

}  // namespace

awaitable<ObjectInfo> put_in_parts(SessionPointer session, std::string key, std::string_view body, PutOptions options) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const asio::any_io_executor strand = asio::make_strand(executor);
  co_return co_await net::call_on_strand<ObjectInfo>(
      strand, upload_body(executor, std::move(session), std::move(key), body, std::move(options)));
}

awaitable<ObjectInfo> put_from(SessionPointer session, std::string key, std::shared_ptr<http::BodySource> source,
                               PutOptions options) {
  check_key(key);
  if (!source) throw Error(errc::invalid_argument, "put_stream needs a source");
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const asio::any_io_executor strand = asio::make_strand(executor);
  co_return co_await net::call_on_strand<ObjectInfo>(
      strand, upload_from(strand, executor, std::move(session), std::move(key), std::move(source), std::move(options)));
}

}  // namespace weir::s3::detail
