// Copies inside the store: in one request, or in parts where the object is too large for that.
#include "backends/s3/objects.hpp"
#include "backends/s3/parts.hpp"
#include "net/strand_call.hpp"
#include "net/task_group.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

namespace weir::s3::detail {

namespace asio = boost::asio;

namespace {

/// No bytes pass through us, so parts are larger than those of an upload.
constexpr std::uint64_t parts_of_an_upload = 16;

std::string source_field(const Session& session, const std::string& from, const CopyObjectOptions& options) {
  std::string source = "/";
  append_encoded(source, options.source_bucket().empty() ? session.bucket() : options.source_bucket());
  source += '/';
  append_encoded(source, from, Slash::keep);
  return source;
}

awaitable<ObjectInfo> copy_at_once(SessionPointer session, std::string from, std::string to,
                                   CopyObjectOptions options) {
  Call call("PUT", to, "copy");
  call.with(options);
  call.writes = true;
  call.document = true;
  call.transfer = true;  // the store may take its time, with white space in between
  call.headers.add("x-amz-copy-source", source_field(*session, from, options));
  if (options.if_match()) call.headers.add("x-amz-copy-source-if-match", quoted_etag(*options.if_match()));
  PutOptions put;
  put.storage_class(options.storage_class());
  if (options.metadata()) {
    call.headers.add("x-amz-metadata-directive", "REPLACE");
    put.metadata(*options.metadata());
  }
  add_put_fields(call.headers, put, {});
  const auto reply = co_await Session::send(session, std::move(call));
  const auto document = parse_copy(reply.response.body.view());
  ObjectInfo info;
  info.key = std::move(to);
  info.etag = document.etag;
  info.last_modified = document.last_modified;
  co_return info;
}

struct CopyParts {
  CopyParts(std::shared_ptr<Upload> to, std::string from, std::string source_etag, PartPlan of)
      : upload(std::move(to)), source(std::move(from)), etag(std::move(source_etag)), plan(of), done(plan.count) {}
  const std::shared_ptr<Upload> upload;
  const std::string source, etag;
  const PartPlan plan;
  std::vector<UploadedPart> done;
};

awaitable<void> copy_part(std::shared_ptr<CopyParts> parts, std::size_t index) {
  const auto range = range_text(parts->plan.begin(index), parts->plan.size(index));
  auto done = co_await parts->upload->copy_part(index + 1, parts->source, parts->etag, range);
  parts->done[index] = std::move(done);
}

awaitable<void> copy_parts(std::shared_ptr<CopyParts> parts, std::size_t most) {
  auto task = [parts](std::size_t index) { return copy_part(parts, index); };
  return net::for_each_index(parts->plan.count, most, std::move(task));
}

/// All parts are of the version that `info` tells of. The top of a coroutine of its own.
awaitable<ObjectInfo> copy_in_parts(asio::any_io_executor background, SessionPointer session, std::string from,
                                    std::string to, ObjectInfo info, CopyObjectOptions options) {
  const auto plan = plan_parts(info.size, session->options().part_size() * parts_of_an_upload);
  PutOptions put;
  put.storage_class(options.storage_class()).content_type(info.content_type);
  put.deadline(options.deadline()).timeout(options.timeout()).retry(options.retry());
  // An upload takes nothing over from the source by itself.
  Metadata kept(info.metadata.begin(), info.metadata.end());
  std::erase_if(kept, [](const auto& field) { return field.first == "weir-put"; });
  put.metadata(options.metadata().value_or(kept));
  auto parts = std::make_shared<CopyParts>(std::make_shared<Upload>(session, std::move(to), std::move(put), false),
                                           source_field(*session, from, options), info.etag, plan);
  co_await parts->upload->begin();
  std::exception_ptr failure;
  ObjectInfo copied;
  try {
    co_await copy_parts(parts, session->options().concurrency());
    copied = co_await parts->upload->complete(parts->done);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await give_up(parts->upload, failure, false, background);
  }
  copied.size = info.size;
  co_return copied;
}

bool may_be_too_large(const Error& error) {
  return error.server_code() == "InvalidRequest" || error.server_code() == "EntityTooLarge";
}

}  // namespace

awaitable<ObjectInfo> copy_object(SessionPointer session, std::string from, std::string to, CopyObjectOptions options) {
  check_key(from);
  check_key(to);
  options = begun(std::move(options));
  std::optional<Error> refused;
  try {
    co_return co_await copy_at_once(session, from, to, options);
  } catch (const Error& error) {
    // Only the store knows what is too large for it; AWS takes up to 5 GiB.
    if (!may_be_too_large(error)) throw;
    refused = error;
  }
  auto source = session;
  if (!options.source_bucket().empty() && options.source_bucket() != session->bucket())
    source = std::make_shared<Session>(options.source_bucket(), session->options());
  GetOptions get;
  get.deadline(options.deadline()).timeout(options.timeout()).retry(options.retry()).if_match(options.if_match());
  auto info = co_await head_object(source, from, std::move(get));
  if (!info || info->size <= session->options().part_size()) throw *refused;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const asio::any_io_executor strand = asio::make_strand(executor);
  co_return co_await net::call_on_strand<ObjectInfo>(
      strand, copy_in_parts(executor, session, std::move(from), std::move(to), std::move(*info), std::move(options)));
}

}  // namespace weir::s3::detail
