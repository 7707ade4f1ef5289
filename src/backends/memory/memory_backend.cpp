#include "backends/memory/memory_backend.hpp"

#include "backends/memory/memory_transaction.hpp"
#include "backends/memory/scan.hpp"

#include <weir/version.hpp>

#include <map>
#include <mutex>

namespace weir::memory {
namespace {

/// The databases that have a name, while somebody holds them.
std::shared_ptr<Store> named_store(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Store>> stores;
  const std::lock_guard lock(mutex);
  std::erase_if(stores, [](const auto& entry) { return entry.second.expired(); });
  auto& entry = stores[name];
  auto store = entry.lock();
  if (!store) entry = store = std::make_shared<Store>();
  return store;
}

}  // namespace

MemoryBackend::MemoryBackend(std::shared_ptr<Store> store, std::string name)
    : store_(std::move(store)), name_(std::move(name)) {}

Capabilities MemoryBackend::capabilities() const {
  Capabilities all;
  all.transactions = true;
  all.savepoints = true;
  all.conditional_write = true;
  all.atomic_batch = true;
  all.snapshot_stream = true;
  all.partitions = true;
  return all;
}

std::optional<Record> MemoryBackend::read_now(const std::string& id) {
  const auto record = store_->find(id);
  if (!record) return std::nullopt;
  return *record;
}
bool MemoryBackend::exists_now(const std::string& id) { return store_->find(id) != nullptr; }
bool MemoryBackend::write_now(WriteKind kind, Record&& record, const WriteOptions& options) {
  return store_->write(kind, std::move(record), options);
}

awaitable<std::optional<Record>> MemoryBackend::read(CallContext, std::string id) { co_return read_now(id); }
awaitable<bool> MemoryBackend::exists(CallContext, std::string id) { co_return exists_now(id); }
awaitable<bool> MemoryBackend::write(CallContext, WriteKind kind, Record record, WriteOptions options) {
  co_return write_now(kind, std::move(record), options);
}

RecordStream MemoryBackend::scan(CallContext context, Query query, StreamOptions options) {
  return memory::scan({store_->snapshot().records, {}}, std::move(query), std::move(options), context);
}
awaitable<std::vector<Record>> MemoryBackend::search(CallContext context, Query query) {
  return memory::search({store_->snapshot().records, {}}, std::move(query), std::move(context));
}
awaitable<std::uint64_t> MemoryBackend::count(CallContext context, Query query) {
  return memory::count({store_->snapshot().records, {}}, std::move(query), std::move(context));
}

awaitable<BatchResult> MemoryBackend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                                  BatchOptions options) {
  if (!options.atomic())
    co_return co_await Backend::write_batch(std::move(context), kind, std::move(records), std::move(options));
  BatchResult result;
  result.ids = store_->write_all(kind, std::move(records));
  co_return result;
}

awaitable<std::shared_ptr<BackendTransaction>> MemoryBackend::begin(CallContext, TransactionOptions options) {
  co_return std::make_shared<MemoryTransaction>(store_, options.read_only());
}

awaitable<Health> MemoryBackend::ping(CallContext) {
  Health health;
  health.reachable = true;
  health.product = "memory";
  health.version = std::string(version());
  health.endpoint = name_;
  co_return health;
}

awaitable<Json> MemoryBackend::explain(CallContext, Query query) {
  Json plan = Json::object();
  plan["query"] = query.to_json();
  plan["evaluated"] = "in memory, record by record";
  plan["records"] = store_->size();
  plan["index"] = nullptr;
  co_return plan;
}

awaitable<std::shared_ptr<Backend>> make_backend(Config config) {
  const auto name = config.get<std::string>("name");
  auto store = name.empty() ? std::make_shared<Store>() : named_store(name);
  co_return std::make_shared<MemoryBackend>(std::move(store), name.empty() ? "memory" : "memory:" + name);
}

}  // namespace weir::memory
