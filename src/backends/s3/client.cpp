// The client's operations: checks, then coroutines that keep the session.
#include "backends/s3/crc32c.hpp"
#include "backends/s3/objects.hpp"
#include "core/uuid.hpp"
#include "net/task_group.hpp"

#include <weir/s3.hpp>

#include <algorithm>

namespace weir::s3 {

using detail::Call;
using detail::Session;
using detail::SessionPointer;

CredentialsSource::~CredentialsSource() = default;

namespace {

SessionPointer checked(const SessionPointer& session) {
  if (!session) throw Error(errc::invalid_argument, "the client is empty");
  return session;
}

constexpr std::size_t keys_at_once = 1000;

awaitable<ObjectInfo> put_view_of(SessionPointer session, std::string key, std::string_view body, PutOptions options) {
  if (body.size() > session->options().multipart_threshold())
    return detail::put_in_parts(std::move(session), std::move(key), body, std::move(options));
  return detail::put_single(std::move(session), std::move(key), body, std::move(options));
}

awaitable<ObjectInfo> put_owned(SessionPointer session, std::string key, std::string body, PutOptions options) {
  co_return co_await put_view_of(std::move(session), std::move(key), body, std::move(options));
}

awaitable<void> remove_one(SessionPointer session, std::string key, RemoveOptions options) {
  detail::check_key(key);
  Call call("DELETE", std::move(key), "remove");
  call.with(options);
  call.writes = true;
  call.answers[0] = 404;
  if (!options.version_id().empty()) call.parameters.emplace_back("versionId", options.version_id());
  if (options.if_match()) call.headers.add("If-Match", detail::quoted_etag(*options.if_match()));
  const auto reply = co_await Session::send(session, std::move(call));
  // With a condition, absence is something else than having removed it, unless it was us.
  if (reply.response.status == 404 && options.if_match() && !reply.sent_before)
    throw error_of_code("NoSuchKey", "", "remove", session->endpoint_text(), true);
}

struct Removal {
  Removal(SessionPointer in, std::vector<std::string> all, RemoveOptions how)
      : session(std::move(in)), keys(std::move(all)), options(std::move(how)) {}
  const SessionPointer session;
  std::vector<std::string> keys;
  const RemoveOptions options;
  std::vector<RemoveFailure> failed;
  bool one_by_one = false;  ///< the store has no DeleteObjects
};

awaitable<void> remove_singly(std::shared_ptr<Removal> removal, std::vector<std::string> keys) {
  for (auto& key : keys) {
    std::optional<Error> failure;
    try {
      co_await remove_one(removal->session, key, removal->options);
    } catch (const Error& error) {
      if (error.kind() == errc::cancelled) throw;
      failure = error;
    }
    if (failure) removal->failed.emplace_back(std::move(key), std::move(*failure));
  }
}

awaitable<std::vector<DeleteFailure>> remove_in_one_request(std::shared_ptr<Removal> removal,
                                                            std::vector<std::string> keys) {
  const auto body = delete_request(keys);
  Call call("POST", {}, "remove many");
  call.with(removal->options);
  call.parameters.emplace_back("delete", "");
  call.body = body;
  call.writes = true;
  call.document = true;
  if (const auto digest = md5_base64(body); !digest.empty()) call.headers.add("Content-MD5", digest);
  detail::add_checksum(call.headers, body);
  const auto reply = co_await Session::send(removal->session, std::move(call));
  co_return parse_deleted(reply.response.body.view());
}

awaitable<void> remove_chunk(std::shared_ptr<Removal> removal, std::size_t index) {
  const auto begin = removal->keys.begin() + static_cast<std::ptrdiff_t>(index * keys_at_once);
  const auto count = std::min(keys_at_once, removal->keys.size() - index * keys_at_once);
  std::vector<std::string> singly, keys;
  for (auto at = begin; at != begin + static_cast<std::ptrdiff_t>(count); ++at)
    (can_be_in_xml(*at) ? keys : singly).push_back(std::move(*at));
  policy::Attempts attempts;
  while (!keys.empty() && !removal->one_by_one) {
    std::vector<DeleteFailure> failures;
    try {
      failures = co_await remove_in_one_request(removal, keys);
    } catch (const Error& error) {
      if (error.kind() != errc::unsupported) throw;
      removal->one_by_one = true;
    }
    if (removal->one_by_one) break;
    auto sent = std::move(keys);
    keys.clear();
    std::sort(sent.begin(), sent.end());
    std::optional<Error> passing;
    for (auto& failure : failures) {
      // A key that was not ours to name may be another object's.
      if (!std::binary_search(sent.begin(), sent.end(), failure.key))
        throw Error(errc::protocol_error, "the store tells of a key that it was not asked to remove",
                    ErrorContext{}.backend("s3").operation("remove many").maybe_applied(true));
      auto error = error_of_code(failure.code, failure.message, "remove many", removal->session->endpoint_text(), true);
      if (error.kind() == errc::not_found && failure.code != "NoSuchBucket") continue;
      if (error.transient()) {
        keys.push_back(failure.key);
        passing = error;
      } else {
        removal->failed.emplace_back(std::move(failure.key), std::move(error));
      }
    }
    if (!passing) break;
    std::optional<Error> ended;
    try {
      Call call("POST", {}, "remove many");
      call.with(removal->options);
      call.writes = true;
      co_await Session::pause(removal->session, &call, &attempts, *passing);
    } catch (const Error& error) {
      ended = error;
    }
    if (!ended) continue;
    if (ended->kind() == errc::cancelled) throw *ended;
    for (auto& key : keys) removal->failed.emplace_back(std::move(key), *ended);
    keys.clear();
  }
  if (removal->one_by_one) std::move(keys.begin(), keys.end(), std::back_inserter(singly));
  co_await remove_singly(removal, std::move(singly));
}

awaitable<std::vector<RemoveFailure>> remove_all(SessionPointer session, std::vector<std::string> keys,
                                                 RemoveOptions options) {
  if (options.if_match() || !options.version_id().empty())
    throw Error(errc::invalid_argument, "remove_many takes no condition and no version; use remove");
  for (const auto& key : keys) detail::check_key(key);
  auto removal = std::make_shared<Removal>(std::move(session), std::move(keys), std::move(options));
  const auto chunks = (removal->keys.size() + keys_at_once - 1) / keys_at_once;
  auto task = [removal](std::size_t index) { return remove_chunk(removal, index); };
  const std::function<awaitable<void>(std::size_t)> each = task;
  co_await net::for_each_index(chunks, removal->session->options().concurrency(), each);
  co_return std::move(removal->failed);
}

awaitable<ListPage> list_objects(SessionPointer session, ListOptions options) {
  Call call("GET", {}, "list");
  call.with(options);
  call.document = true;
  auto& parameters = call.parameters;
  parameters.emplace_back("list-type", "2");
  parameters.emplace_back("encoding-type", "url");
  parameters.emplace_back("prefix", options.prefix());
  if (!options.delimiter().empty()) parameters.emplace_back("delimiter", options.delimiter());
  if (!options.start_after().empty()) parameters.emplace_back("start-after", options.start_after());
  if (!options.continue_from().empty()) parameters.emplace_back("continuation-token", options.continue_from());
  if (options.max_keys() != 1000) parameters.emplace_back("max-keys", std::to_string(options.max_keys()));
  const auto reply = co_await Session::send(session, std::move(call));
  auto document = parse_list(reply.response.body.view());
  ListPage page;
  page.objects.reserve(document.objects.size());
  for (auto& object : document.objects) {
    ObjectInfo info;
    info.key = std::move(object.key);
    info.etag = std::move(object.etag);
    info.size = object.size;
    info.last_modified = object.last_modified;
    info.storage_class = std::move(object.storage_class);
    page.objects.push_back(std::move(info));
  }
  page.common_prefixes = std::move(document.common_prefixes);
  page.next = std::move(document.next_token);
  co_return page;
}

awaitable<std::vector<ObjectTag>> read_tags(SessionPointer session, std::string key) {
  detail::check_key(key);
  Call call("GET", std::move(key), "read tags");
  call.parameters.emplace_back("tagging", "");
  call.document = true;
  const auto reply = co_await Session::send(session, std::move(call));
  std::vector<ObjectTag> out;
  for (auto& tag : parse_tags(reply.response.body.view())) out.emplace_back(std::move(tag.key), std::move(tag.value));
  co_return out;
}

awaitable<void> write_tags(SessionPointer session, std::string key, std::vector<ObjectTag> given) {
  detail::check_key(key);
  std::vector<Tag> tags;
  for (auto& tag : given) tags.push_back(Tag{std::move(tag.key), std::move(tag.value)});
  const auto body = tagging_request(tags);
  Call call("PUT", std::move(key), "set tags");
  call.parameters.emplace_back("tagging", "");
  call.body = body;
  call.writes = true;
  if (const auto digest = md5_base64(body); !digest.empty()) call.headers.add("Content-MD5", digest);
  co_await Session::send(session, std::move(call));
}

awaitable<bool> ask_for_bucket(SessionPointer session) {
  Call call("HEAD", {}, "look for bucket");
  call.answers[0] = 404;
  const auto reply = co_await Session::send(session, std::move(call));
  co_return reply.response.status != 404;
}

awaitable<void> make_bucket(SessionPointer session) {
  const auto body = create_bucket_request(session->region());
  Call call("PUT", {}, "create bucket");
  call.body = body;
  call.writes = true;
  try {
    co_await Session::send(session, std::move(call));
  } catch (const Error& error) {
    if (error.server_code() != "BucketAlreadyOwnedByYou") throw;
  }
}

awaitable<void> delete_bucket(SessionPointer session) {
  Call call("DELETE", {}, "remove bucket");
  call.writes = true;
  co_await Session::send(session, std::move(call));
}

awaitable<std::uint64_t> abort_old_uploads(SessionPointer session, std::string prefix, WallTime before) {
  std::uint64_t count = 0;
  std::string key_marker, upload_marker;
  for (;;) {
    Call call("GET", {}, "list uploads");
    call.parameters.emplace_back("uploads", "");
    call.parameters.emplace_back("encoding-type", "url");
    call.parameters.emplace_back("prefix", prefix);
    if (!key_marker.empty()) call.parameters.emplace_back("key-marker", key_marker);
    if (!upload_marker.empty()) call.parameters.emplace_back("upload-id-marker", upload_marker);
    call.document = true;
    const auto reply = co_await Session::send(session, std::move(call));
    auto page = parse_uploads(reply.response.body.view());
    for (auto& upload : page.uploads) {
      if (!upload.key.starts_with(prefix) || !upload.initiated || *upload.initiated >= before) continue;
      co_await detail::abort_upload(session, std::move(upload.key), std::move(upload.upload_id));
      ++count;
    }
    if (page.next_key_marker.empty()) co_return count;
    if (page.next_key_marker == key_marker && page.next_upload_marker == upload_marker)
      throw Error(errc::protocol_error, "the store gives the same page of uploads again",
                  ErrorContext{}.backend("s3").operation("list uploads"));
    key_marker = std::move(page.next_key_marker);
    upload_marker = std::move(page.next_upload_marker);
  }
}

awaitable<bool> probe_removal(SessionPointer session, std::string prefix) {
  const auto known = session->conditional_remove.load(std::memory_order_relaxed);
  if (known >= 0) co_return known == 1;
  const auto key = prefix + "!weir-probe-" + core::new_id();
  co_await detail::put_single(session, key, "probe", PutOptions());
  bool refused = false;
  try {
    RemoveOptions options;
    options.if_match("0123456789abcdef0123456789abcdef");
    co_await remove_one(session, key, std::move(options));
  } catch (const Error& error) {
    if (error.kind() != errc::conflict && error.kind() != errc::unsupported) throw;
    refused = error.kind() == errc::conflict;
  }
  co_await remove_one(session, key, RemoveOptions());
  session->conditional_remove.store(refused ? 1 : 0, std::memory_order_relaxed);
  co_return refused;
}

}  // namespace

Client::Client(std::string bucket, ClientOptions options)
    : session_(std::make_shared<Session>(std::move(bucket), std::move(options))) {}

awaitable<ObjectInfo> Client::put(std::string key, std::string body, PutOptions options) const {
  return put_owned(checked(session_), std::move(key), std::move(body), std::move(options));
}
awaitable<ObjectInfo> Client::put_view(std::string key, std::string_view body, PutOptions options) const {
  return put_view_of(checked(session_), std::move(key), body, std::move(options));
}
awaitable<ObjectInfo> Client::put_stream(std::string key, std::shared_ptr<http::BodySource> source,
                                         PutOptions options) const {
  return detail::put_from(checked(session_), std::move(key), std::move(source), std::move(options));
}
awaitable<std::optional<Object>> Client::get(std::string key, GetOptions options) const {
  return detail::get_object(checked(session_), std::move(key), std::move(options));
}
awaitable<ObjectStream> Client::open(std::string key, GetOptions options) const {
  return detail::open_object(checked(session_), std::move(key), std::move(options));
}
awaitable<ObjectInfo> Client::download(std::string key, std::shared_ptr<ObjectSink> sink, GetOptions options) const {
  return detail::download_object(checked(session_), std::move(key), std::move(sink), std::move(options));
}
awaitable<std::optional<ObjectInfo>> Client::head(std::string key, GetOptions options) const {
  return detail::head_object(checked(session_), std::move(key), std::move(options));
}
awaitable<void> Client::remove(std::string key, RemoveOptions options) const {
  return remove_one(checked(session_), std::move(key), std::move(options));
}
awaitable<std::vector<RemoveFailure>> Client::remove_many(std::vector<std::string> keys, RemoveOptions options) const {
  return remove_all(checked(session_), std::move(keys), std::move(options));
}
awaitable<ObjectInfo> Client::copy(std::string from, std::string to, CopyObjectOptions options) const {
  return detail::copy_object(checked(session_), std::move(from), std::move(to), std::move(options));
}
awaitable<ListPage> Client::list(ListOptions options) const {
  return list_objects(checked(session_), std::move(options));
}
awaitable<std::vector<ObjectTag>> Client::tags(std::string key) const {
  return read_tags(checked(session_), std::move(key));
}
awaitable<void> Client::set_tags(std::string key, std::vector<ObjectTag> tags) const {
  return write_tags(checked(session_), std::move(key), std::move(tags));
}
awaitable<std::string> Client::presign(std::string method, std::string key, std::chrono::seconds valid_for) const {
  return Session::presign(checked(session_), std::move(method), std::move(key), valid_for);
}
awaitable<bool> Client::bucket_exists() const { return ask_for_bucket(checked(session_)); }
awaitable<void> Client::create_bucket() const { return make_bucket(checked(session_)); }
awaitable<void> Client::remove_bucket() const { return delete_bucket(checked(session_)); }
awaitable<std::uint64_t> Client::abort_uploads(std::string prefix, WallTime before) const {
  return abort_old_uploads(checked(session_), std::move(prefix), before);
}
awaitable<bool> Client::removes_conditionally(std::string probe_prefix) const {
  return probe_removal(checked(session_), std::move(probe_prefix));
}

const std::string& Client::bucket() const { return checked(session_)->bucket(); }
const ClientOptions& Client::options() const { return checked(session_)->options(); }
std::string Client::endpoint() const { return checked(session_)->endpoint_text(); }
PoolStats Client::stats() const { return checked(session_)->stats(); }
ClientStats Client::client_stats() const { return checked(session_)->client_stats(); }
awaitable<void> Client::close(std::optional<std::chrono::milliseconds> drain) const {
  return Session::close(checked(session_), drain);
}

}  // namespace weir::s3
