#include "backends/s3/record_store.hpp"

#include "backends/s3/key.hpp"
#include "backends/s3/record_codec.hpp"
#include "core/merge_patch.hpp"
#include "core/uuid.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <random>

namespace weir::s3::detail {

namespace asio = boost::asio;

RecordStore::RecordStore(Client through, std::string key_prefix, bool create)
    : client(std::move(through)), prefix(std::move(key_prefix)), create_if_missing(create) {}

std::string RecordStore::key_of(std::string_view id) const { return prefix + key_of_id(id); }

std::optional<std::string> RecordStore::id_of(std::string_view key) const {
  if (!key.starts_with(prefix)) return std::nullopt;
  return id_of_key(key.substr(prefix.size()));
}

namespace {

/// Under contention for one record: somebody has won each round, so this many are not lost against a reasonable number
/// of writers.
constexpr unsigned most_rounds = 200;

[[noreturn]] void conflict(const char* text) {
  throw Error(errc::conflict, text, ErrorContext{}.server_code("PreconditionFailed"));
}

/// Does it again, once, when the bucket was missing and has been made.
template <class T>
awaitable<T> in_bucket(StorePointer store, std::function<awaitable<T>()> call) {
  bool missing = false;
  try {
    T result = co_await call();
    store->bucket_seen.store(true, std::memory_order_relaxed);
    co_return result;
  } catch (const Error& error) {
    if (error.server_code() != "NoSuchBucket") throw;
    missing = true;
  }
  if (missing) co_await ensure_bucket(store);
  co_return co_await call();
}

awaitable<std::optional<ObjectInfo>> head_of(StorePointer store, CallLimits limits, std::string id) {
  GetOptions options;
  limits.apply(options);
  auto info = co_await store->client.head(store->key_of(id), std::move(options));
  if (info) {
    store->bucket_seen.store(true, std::memory_order_relaxed);
  } else if (!store->bucket_seen.load(std::memory_order_relaxed)) {
    // The answer to HEAD has no document: the object may be missing, or the whole bucket.
    co_await ensure_bucket(store);
  }
  co_return info;
}

awaitable<std::optional<Object>> get_of(StorePointer store, CallLimits limits, std::string id) {
  GetOptions options;
  limits.apply(options);
  auto key = store->key_of(id);
  std::function<awaitable<std::optional<Object>>()> call = [store, key, options] {
    return store->client.get(key, options);
  };
  return in_bucket<std::optional<Object>>(store, std::move(call));
}

enum class Condition { none, absent, version };
enum class Outcome { done, exists, changed, absent };

/// One PUT, by what the condition came to.
awaitable<Outcome> put_object(StorePointer store, CallLimits limits, std::string id, std::string body,
                              Metadata metadata, Condition condition, std::string version) {
  PutOptions options;
  limits.apply(options);
  options.metadata(std::move(metadata));
  if (!body.empty()) options.content_type("application/json");
  if (condition == Condition::absent) options.only_if_absent(true);
  if (condition == Condition::version) options.if_match(std::move(version));
  const auto key = store->key_of(id);
  std::function<awaitable<ObjectInfo>()> call = [store, &key, &body, &options] {
    return store->client.put_view(key, body, options);
  };
  Outcome outcome = Outcome::done;
  try {
    co_await in_bucket<ObjectInfo>(store, std::move(call));
  } catch (const Error& error) {
    if (error.kind() == errc::already_exists)
      outcome = Outcome::exists;
    else if (error.kind() == errc::conflict && error.server_code() == "PreconditionFailed")
      outcome = Outcome::changed;
    else if (condition == Condition::version && error.server_code() == "NoSuchKey")
      outcome = Outcome::absent;
    else
      throw;
  }
  co_return outcome;
}

awaitable<Outcome> put_record(StorePointer store, CallLimits limits, const Record& record, Condition condition,
                              std::string version) {
  auto object = encode_record(record, core::new_id());
  return put_object(std::move(store), std::move(limits), record.id, std::move(object.body), std::move(object.metadata),
                    condition, std::move(version));
}

/// Others are writing the same record: a short pause keeps them from meeting again and again.
awaitable<void> step_back(unsigned round, CallLimits limits) {
  const auto now = std::chrono::steady_clock::now();
  if (round >= most_rounds || (limits.deadline && now >= *limits.deadline))
    throw Error(round >= most_rounds ? errc::conflict : errc::timeout, "others kept writing the same record",
                ErrorContext{}, true);
  thread_local std::minstd_rand generator(std::random_device{}());
  const auto most = std::min(1U + round, 20U) * 1000U;
  const std::chrono::microseconds delay(std::uniform_int_distribution<unsigned>(0, most)(generator));
  asio::steady_timer timer(co_await asio::this_coro::executor, delay);
  co_await timer.async_wait(asio::use_awaitable);
}

awaitable<bool> create(StorePointer store, CallLimits limits, Record record) {
  for (unsigned round = 0;; ++round) {
    auto outcome = co_await put_record(store, limits, record, Condition::absent, std::string());
    if (outcome == Outcome::done) co_return true;
    const auto head = co_await look_at(store, limits, record.id);
    if (head.present && !head.removed) throw Error(errc::already_exists, "there is a record of that id");
    if (head.present) {
      outcome = co_await put_record(store, limits, record, Condition::version, head.version);
      if (outcome == Outcome::done) co_return true;
    }
    co_await step_back(round, limits);
  }
}

/// Replaces a record that is there, and no other version than `if_version`.
awaitable<bool> replace(StorePointer store, CallLimits limits, Record record, std::optional<std::string> if_version) {
  for (unsigned round = 0;; ++round) {
    const auto head = co_await look_at(store, limits, record.id);
    if (!head.is_record()) co_return false;
    if (if_version && head.version != *if_version) conflict("the record has another version");
    const auto outcome = co_await put_record(store, limits, record, Condition::version, head.version);
    if (outcome == Outcome::done) co_return true;
    co_await step_back(round, limits);
  }
}

awaitable<bool> patch(StorePointer store, CallLimits limits, Record record, std::optional<std::string> if_version) {
  for (unsigned round = 0;; ++round) {
    auto stored = co_await read_record(store, limits, record.id);
    if (!stored) co_return false;
    if (if_version && stored->version != *if_version) conflict("the record has another version");
    core::merge_patch(stored->fields, record.fields);
    const auto outcome = co_await put_record(store, limits, *stored, Condition::version, stored->version);
    if (outcome == Outcome::done) co_return true;
    co_await step_back(round, limits);
  }
}

awaitable<bool> upsert(StorePointer store, CallLimits limits, Record record, std::optional<std::string> if_version) {
  if (!if_version) {
    co_await put_record(store, limits, record, Condition::none, std::string());
    co_return true;
  }
  const bool replaced = co_await replace(store, limits, std::move(record), if_version);
  if (!replaced) conflict("the record is absent");
  co_return true;
}

/// One DELETE under the condition that the object is still this one.
awaitable<Outcome> remove_object(StorePointer store, CallLimits limits, std::string id, std::string version) {
  RemoveOptions options;
  limits.apply(options);
  options.if_match(std::move(version));
  Outcome outcome = Outcome::done;
  try {
    co_await store->client.remove(store->key_of(id), std::move(options));
  } catch (const Error& error) {
    if (error.server_code() == "NoSuchKey")
      outcome = Outcome::absent;
    else if (error.kind() == errc::conflict && error.server_code() == "PreconditionFailed")
      outcome = Outcome::changed;
    else
      throw;
  }
  co_return outcome;
}

awaitable<bool> remove(StorePointer store, CallLimits limits, std::string id, std::optional<std::string> if_version) {
  for (unsigned round = 0;; ++round) {
    const auto head = co_await look_at(store, limits, id);
    if (!head.is_record()) co_return false;
    if (if_version && head.version != *if_version) conflict("the record has another version");
    const bool conditional = co_await store->client.removes_conditionally(store->prefix);
    Outcome outcome = Outcome::done;
    if (conditional)
      outcome = co_await remove_object(store, limits, id, head.version);
    else
      // The condition is kept by a write: an empty object takes the record's place.
      outcome =
          co_await put_object(store, limits, id, std::string(), removed_metadata(), Condition::version, head.version);
    if (outcome == Outcome::done) co_return true;
    co_await step_back(round, limits);
  }
}

}  // namespace

awaitable<void> ensure_bucket(StorePointer store) {
  bool there = true;
  try {
    there = co_await store->client.bucket_exists();
  } catch (const Error& error) {
    // Who may use objects but not ask for the bucket is told by the objects' own answers.
    if (error.kind() != errc::permission_denied) throw;
  }
  if (!there && !store->create_if_missing)
    throw Error(errc::not_found, "there is no bucket of that name, and create_if_missing is off",
                ErrorContext{}.server_code("NoSuchBucket").endpoint(store->client.endpoint()));
  if (!there) co_await store->client.create_bucket();
  store->bucket_seen.store(true, std::memory_order_relaxed);
}

awaitable<RecordHead> look_at(StorePointer store, CallLimits limits, std::string id) {
  const auto info = co_await head_of(store, limits, id);
  RecordHead out;
  if (!info) co_return out;
  out.present = true;
  out.removed = is_removed(info->size, info->metadata);
  out.version = info->etag;
  if (out.removed || is_marked_record(info->metadata)) co_return out;
  // Without its mark a record is known by what it holds.
  const auto object = co_await get_of(store, std::move(limits), id);
  out.present = object.has_value();
  if (!object) co_return out;
  out.removed = is_removed(object->info.size, object->info.metadata);
  out.version = object->info.etag;
  const auto record = decode_record(id, object->body.view(), object->info.metadata, out.version);
  out.foreign = !out.removed && !record;
  co_return out;
}

awaitable<std::optional<Record>> read_record(StorePointer store, CallLimits limits, std::string id) {
  const auto object = co_await get_of(store, std::move(limits), id);
  if (!object) co_return std::nullopt;
  co_return decode_record(id, object->body.view(), object->info.metadata, object->info.etag);
}

awaitable<bool> write_record(StorePointer store, CallLimits limits, WriteKind kind, Record record,
                             std::optional<std::string> if_version) {
  switch (kind) {
    case WriteKind::create: return create(std::move(store), std::move(limits), std::move(record));
    case WriteKind::upsert:
      return upsert(std::move(store), std::move(limits), std::move(record), std::move(if_version));
    case WriteKind::update:
      return replace(std::move(store), std::move(limits), std::move(record), std::move(if_version));
    case WriteKind::patch: return patch(std::move(store), std::move(limits), std::move(record), std::move(if_version));
    case WriteKind::remove: break;
  }
  return remove(std::move(store), std::move(limits), std::move(record.id), std::move(if_version));
}

awaitable<bool> write_matching(StorePointer store, CallLimits limits, WriteKind kind, Record found, Query query) {
  for (unsigned round = 0;; ++round) {
    try {
      const bool written = co_await write_record(store, limits, kind, found, found.version);
      co_return written;
    } catch (const Error& error) {
      if (error.kind() != errc::conflict || error.server_code() != "PreconditionFailed" || round >= most_rounds) throw;
    }
    const auto now = co_await read_record(store, limits, found.id);
    if (!now || !query.compare(*now)) co_return false;
    found.version = now->version;
    co_await step_back(round, limits);
  }
}

awaitable<ListPage> list_keys(StorePointer store, CallLimits limits, std::string key_prefix,
                              std::string continue_from) {
  ListOptions options;
  limits.apply(options);
  options.prefix(store->prefix + key_prefix).continue_from(std::move(continue_from));
  std::function<awaitable<ListPage>()> call = [store, options] { return store->client.list(options); };
  return in_bucket<ListPage>(store, std::move(call));
}

}  // namespace weir::s3::detail
