#include "backends/s3/backend.hpp"

#include "backends/install_backend.hpp"
#include "backends/s3/archive_backend.hpp"
#include "backends/s3/key.hpp"
#include "backends/s3/scan.hpp"
#include "backends/s3/settings.hpp"
#include "net/task_group.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_map>

namespace weir {

S3Database::S3Database(std::shared_ptr<const s3::detail::RecordStore> store) : store_(std::move(store)) {}
const s3::Client& S3Database::client() const { return store_->client; }
const std::string& S3Database::prefix() const { return store_->prefix; }
std::string S3Database::key_of(std::string_view id) const { return store_->key_of(id); }
std::optional<std::string> S3Database::id_of(std::string_view key) const { return store_->id_of(key); }

namespace s3 {

using detail::CallLimits;
using detail::StorePointer;

namespace {

void refuse_full_text(const Query& query) {
  if (query.filter().node().full_text) throw Error(errc::unsupported, "the store has no full text index for match");
}

awaitable<bool> is_there(StorePointer store, CallLimits limits, std::string id) {
  const auto head = co_await detail::look_at(std::move(store), std::move(limits), std::move(id));
  co_return head.is_record();
}

awaitable<std::vector<Record>> search_records(StorePointer store, CallContext context, Query query,
                                              std::size_t concurrency) {
  detail::ScanSource source(std::move(store), std::move(context), std::move(query), StreamOptions(), true, concurrency);
  std::vector<Record> all;
  for (;;) {
    auto batch = co_await source.next_batch();
    if (batch.empty()) break;
    std::move(batch.begin(), batch.end(), std::back_inserter(all));
  }
  co_return all;
}

struct Reading {
  Reading(StorePointer in, CallLimits how, std::vector<std::string> which)
      : store(std::move(in)), limits(std::move(how)), ids(std::move(which)), records(ids.size()) {}
  const StorePointer store;
  const CallLimits limits;
  const std::vector<std::string> ids;
  std::vector<std::optional<Record>> records;
};

awaitable<void> read_one(std::shared_ptr<Reading> reading, std::size_t index) {
  reading->records[index] = co_await detail::read_record(reading->store, reading->limits, reading->ids[index]);
}

awaitable<std::vector<std::optional<Record>>> read_all(std::shared_ptr<Reading> reading, std::size_t concurrency) {
  std::function<awaitable<void>(std::size_t)> task = [reading](std::size_t index) { return read_one(reading, index); };
  co_await net::for_each_index(reading->ids.size(), concurrency, std::move(task));
  co_return std::move(reading->records);
}

/// A batch; items of one id one after another, all others side by side.
struct Writing {
  Writing(StorePointer in, CallLimits how, WriteKind what, std::vector<Record> all, bool stop_at_failure)
      : store(std::move(in)), limits(std::move(how)), kind(what), records(std::move(all)), stop(stop_at_failure) {
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto [at, fresh] = known.emplace(records[i].id, groups.size());
      if (fresh) groups.emplace_back();
      groups[at->second].push_back(i);
    }
    result.ids.resize(records.size());
  }
  const StorePointer store;
  const CallLimits limits;
  const WriteKind kind;
  std::vector<Record> records;
  const bool stop;
  std::optional<Query> only;  ///< no record that does not match (any more)
  std::vector<std::vector<std::size_t>> groups;
  BatchResult result;
};

awaitable<void> write_group(std::shared_ptr<Writing> writing, std::size_t index) {
  for (const auto place : writing->groups[index]) {
    auto id = writing->records[place].id;
    std::optional<Error> failure;
    try {
      auto& record = writing->records[place];
      auto write = writing->only ? detail::write_matching(writing->store, writing->limits, writing->kind,
                                                          std::move(record), *writing->only)
                                 : detail::write_record(writing->store, writing->limits, writing->kind,
                                                        std::move(record), std::nullopt);
      const bool written = co_await std::move(write);
      if (written) writing->result.ids[place] = id;
    } catch (const Error& error) {
      // The time of the whole call, not an item's fate.
      const auto& deadline = writing->limits.deadline;
      const bool over = error.kind() == errc::timeout && deadline && std::chrono::steady_clock::now() >= *deadline;
      if (writing->stop || over || error.kind() == errc::cancelled) throw;
      failure = error;
    }
    if (failure) writing->result.errors.emplace_back(place, std::move(id), std::move(*failure));
  }
}

awaitable<BatchResult> write_all(std::shared_ptr<Writing> writing, std::size_t concurrency) {
  std::function<awaitable<void>(std::size_t)> task = [writing](std::size_t index) {
    return write_group(writing, index);
  };
  co_await net::for_each_index(writing->groups.size(), concurrency, std::move(task));
  auto& errors = writing->result.errors;
  std::sort(errors.begin(), errors.end(), [](const ItemError& a, const ItemError& b) { return a.index < b.index; });
  co_return std::move(writing->result);
}

awaitable<std::uint64_t> write_where(StorePointer store, CallContext context, WriteKind kind, Query query, Json patch,
                                     std::size_t concurrency) {
  Query matching(query.filter());
  const CallLimits limits(context);
  detail::ScanSource source(store, std::move(context), std::move(matching), StreamOptions(), false, concurrency);
  std::uint64_t total = 0;
  for (;;) {
    auto batch = co_await source.next_batch();
    if (batch.empty()) break;
    for (auto& record : batch) record.fields = patch;
    auto writing = std::make_shared<Writing>(store, limits, kind, std::move(batch), true);
    writing->only = Query(query.filter());
    const auto result = co_await write_all(std::move(writing), concurrency);
    total += result.succeeded();
  }
  co_return total;
}

awaitable<Json> plan_text(StorePointer store, Query query) {
  const auto plan = plan_scan(query, true);
  Json out = Json::object();
  out["query"] = query.to_json();
  out["evaluated"] = "on the client";
  out["index"] = nullptr;
  if (plan.ids) {
    out["requests"] = "one GET for each of " + std::to_string(plan.ids->size()) + " ids";
  } else {
    out["list_prefix"] = store->prefix + key_prefix_of(plan.id_prefix);
    out["requests"] = plan.only_ids ? "the listing, and one GET for each id that matches"
                                    : "the listing, and one GET for each record in it";
  }
  co_return out;
}

awaitable<std::shared_ptr<Backend>> make(Config config) {
  const auto settings = read_settings(config);
  Client client(settings.bucket, settings.client);
  auto store = std::make_shared<const detail::RecordStore>(std::move(client), settings.prefix, settings.create);
  if (config.get<bool>("connect_on_open")) co_await detail::ensure_bucket(store);
  std::shared_ptr<Backend> backend;
  if (settings.layout == "archive")
    backend = std::make_shared<ArchiveBackend>(std::move(store));
  else
    backend = std::make_shared<S3Backend>(std::move(store));
  co_return backend;
}

}  // namespace

awaitable<Health> look(StorePointer store, CallContext context) {
  Health health;
  health.product = "s3";
  health.endpoint = store->client.endpoint();
  const auto begun = std::chrono::steady_clock::now();
  try {
    ListOptions options;
    CallLimits limits(context);
    limits.retry = RetryOptions().max_attempts(1);
    limits.apply(options);
    options.prefix(store->prefix).max_keys(1);
    co_await store->client.list(std::move(options));
    health.reachable = true;
  } catch (const Error& error) {
    if (error.kind() == errc::cancelled || error.kind() == errc::pool_closed) throw;
    // A bucket that will be made when it is needed is no outage.
    health.reachable = error.server_code() == "NoSuchBucket" && store->create_if_missing;
    if (!health.reachable) health.error = error.what();
  }
  health.round_trip = std::chrono::steady_clock::now() - begun;
  co_return health;
}

void install() { weir::detail::install_backend("s3", make); }

S3Backend::S3Backend(StorePointer store) : store_(std::move(store)), native_(store_) {}

std::size_t S3Backend::concurrency() const { return store_->client.options().concurrency(); }

Capabilities S3Backend::capabilities() const {
  Capabilities can;
  can.conditional_write = true;
  can.partitions = true;
  return can;
}

awaitable<std::optional<Record>> S3Backend::read(CallContext context, std::string id) {
  return detail::read_record(store_, CallLimits(context), std::move(id));
}
awaitable<bool> S3Backend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  return detail::write_record(store_, CallLimits(context), kind, std::move(record), options.if_version());
}
RecordStream S3Backend::scan(CallContext context, Query query, StreamOptions options) {
  refuse_full_text(query);
  return RecordStream(std::make_shared<detail::ScanSource>(store_, std::move(context), std::move(query),
                                                           std::move(options), false, concurrency()));
}
awaitable<Health> S3Backend::ping(CallContext context) { return look(store_, std::move(context)); }
awaitable<bool> S3Backend::exists(CallContext context, std::string id) {
  return is_there(store_, CallLimits(context), std::move(id));
}
awaitable<std::vector<Record>> S3Backend::search(CallContext context, Query query) {
  refuse_full_text(query);
  return search_records(store_, std::move(context), std::move(query), concurrency());
}
awaitable<std::uint64_t> S3Backend::count(CallContext context, Query query) {
  refuse_full_text(query);
  return detail::count_records(store_, std::move(context), std::move(query), concurrency());
}
awaitable<std::vector<std::optional<Record>>> S3Backend::read_batch(CallContext context, std::vector<std::string> ids) {
  return read_all(std::make_shared<Reading>(store_, CallLimits(context), std::move(ids)), concurrency());
}
awaitable<BatchResult> S3Backend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                              BatchOptions options) {
  if (options.atomic()) throw Error(errc::unsupported, "the store has no atomic batches");
  const auto most = options.concurrency() > 0 ? options.concurrency() : concurrency();
  return write_all(std::make_shared<Writing>(store_, CallLimits(context), kind, std::move(records),
                                             options.on_error() == OnError::stop),
                   most);
}
awaitable<std::uint64_t> S3Backend::remove_where(CallContext context, Query query) {
  refuse_full_text(query);
  return write_where(store_, std::move(context), WriteKind::remove, std::move(query), Json::object(), concurrency());
}
awaitable<std::uint64_t> S3Backend::patch_where(CallContext context, Query query, Json merge_patch) {
  refuse_full_text(query);
  return write_where(store_, std::move(context), WriteKind::patch, std::move(query), std::move(merge_patch),
                     concurrency());
}
awaitable<Json> S3Backend::explain(CallContext, Query query) { return plan_text(store_, std::move(query)); }
awaitable<void> S3Backend::close(std::chrono::milliseconds drain) { return store_->client.close(drain); }

PoolStats S3Backend::stats() const {
  auto stats = store_->client.stats();
  stats.retries += store_->client.client_stats().retries;
  return stats;
}
void* S3Backend::native(const std::type_info& type) noexcept {
  return type == typeid(S3Database) ? static_cast<void*>(&native_) : nullptr;
}
std::string S3Backend::endpoint() const { return store_->client.endpoint(); }

}  // namespace s3
}  // namespace weir
