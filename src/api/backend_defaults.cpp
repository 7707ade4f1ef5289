// What a backend has without writing it: everything else built on its five functions.
#include <weir/backend.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace weir {
namespace {

[[noreturn]] void unsupported(const char* what) {
  throw Error(errc::unsupported, std::string("the store has no ") + what);
}

awaitable<std::vector<Record>> collect(RecordStream stream) {
  std::vector<Record> all;
  for (;;) {
    auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    if (all.empty())
      all = std::move(batch);
    else
      std::move(batch.begin(), batch.end(), std::back_inserter(all));
  }
  co_await stream.close();
  co_return all;
}

awaitable<std::uint64_t> tally(RecordStream stream) {
  std::uint64_t total = 0;
  for (;;) {
    const auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    total += batch.size();
  }
  co_await stream.close();
  co_return total;
}

/// The same filter over the whole table, ids only.
Query matching(const Query& query) { return Query(query.filter()).select(std::vector<std::string>()); }

/// One write after another; the errors are those of the store.
template <class Store>
awaitable<BatchResult> write_each(Store& store, CallContext context, WriteKind kind, std::vector<Record> records,
                                  BatchOptions options) {
  if (options.atomic()) unsupported("atomic batches");
  BatchResult result;
  result.ids.resize(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto id = records[i].id;
    std::optional<Error> failure;
    try {
      WriteOptions write_options;
      write_options.refresh(options.refresh());
      const bool written = co_await store.write(context, kind, std::move(records[i]), std::move(write_options));
      if (written) result.ids[i] = id;
    } catch (const Error& error) {
      if (options.on_error() == OnError::stop || error.kind() == errc::cancelled) throw;
      failure = error;
    }
    if (failure) result.errors.emplace_back(i, std::move(id), std::move(*failure));
  }
  co_return result;
}

template <class Store>
awaitable<std::vector<std::optional<Record>>> read_each(Store& store, CallContext context,
                                                        std::vector<std::string> ids) {
  std::vector<std::optional<Record>> records;
  records.reserve(ids.size());
  for (auto& id : ids) records.push_back(co_await store.read(context, std::move(id)));
  co_return records;
}

/// One write; nothing when the stored version is another than `version`.
awaitable<std::optional<bool>> write_version(Backend& store, CallContext context, WriteKind kind, Record change,
                                             std::string version) {
  WriteOptions options;
  options.if_version(std::move(version));
  try {
    const bool found = co_await store.write(std::move(context), kind, std::move(change), std::move(options));
    co_return found;
  } catch (const Error& error) {
    if (error.kind() != errc::conflict) throw;
  }
  co_return std::nullopt;
}

/// Changes a record that was seen to match. One that was written since is looked at again, and left alone when it
/// matches no longer.
awaitable<bool> write_while_matching(Backend& store, CallContext context, const Query& matching, WriteKind kind,
                                     Record change, std::string version) {
  constexpr int attempts = 32;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto next = change;
    const auto written = co_await write_version(store, context, kind, std::move(next), std::move(version));
    if (written) co_return *written;
    const auto now = co_await store.read(context, change.id);
    if (!now || !matching.compare(*now)) co_return false;
    version = now->version;
  }
  throw Error(errc::conflict, "a matching record is written by others all the time");
}

awaitable<std::uint64_t> write_where(Backend& store, CallContext context, Query query, WriteKind kind, Json patch) {
  const bool conditional = store.capabilities().conditional_write;
  const Query filter(query.filter());
  auto stream = store.scan(context, matching(query), {});
  std::uint64_t changed = 0;
  for (;;) {
    auto batch = co_await stream.next_batch();
    if (batch.empty()) break;
    if (std::chrono::steady_clock::now() >= context.deadline)
      throw Error(errc::timeout, "the deadline passed between the records", ErrorContext{}.maybe_applied(changed != 0));
    for (auto& record : batch) {
      Record change;
      change.id = std::move(record.id);
      if (kind == WriteKind::patch) change.fields = patch;
      bool found = false;
      if (conditional && !record.version.empty())
        found = co_await write_while_matching(store, context, filter, kind, std::move(change), record.version);
      else
        found = co_await store.write(context, kind, std::move(change), WriteOptions{});
      if (found) ++changed;
    }
  }
  co_await stream.close();
  co_return changed;
}

}  // namespace

RecordSource::~RecordSource() = default;
awaitable<void> RecordSource::close() { co_return; }

Backend::~Backend() = default;
awaitable<bool> Backend::exists(CallContext context, std::string id) {
  const auto record = co_await read(std::move(context), std::move(id));
  co_return record.has_value();
}
awaitable<std::vector<Record>> Backend::search(CallContext context, Query query) {
  return collect(scan(std::move(context), std::move(query), {}));
}
awaitable<std::uint64_t> Backend::count(CallContext context, Query query) {
  return tally(scan(std::move(context), matching(query), {}));
}
awaitable<std::vector<std::optional<Record>>> Backend::read_batch(CallContext context, std::vector<std::string> ids) {
  return read_each(*this, std::move(context), std::move(ids));
}
awaitable<BatchResult> Backend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                            BatchOptions options) {
  return write_each(*this, std::move(context), kind, std::move(records), std::move(options));
}

awaitable<std::uint64_t> Backend::remove_where(CallContext context, Query query) {
  return write_where(*this, std::move(context), std::move(query), WriteKind::remove, {});
}

awaitable<std::uint64_t> Backend::patch_where(CallContext context, Query query, Json merge_patch) {
  return write_where(*this, std::move(context), std::move(query), WriteKind::patch, std::move(merge_patch));
}

awaitable<std::shared_ptr<BackendTransaction>> Backend::begin(CallContext, TransactionOptions) {
  unsupported("transactions");
  co_return nullptr;
}

awaitable<Json> Backend::explain(CallContext, Query query) {
  Json plan = Json::object();
  plan["query"] = query.to_json();
  plan["evaluated"] = capabilities().server_side_filter ? "by the store" : "on the client";
  plan["index"] = nullptr;
  co_return plan;
}

awaitable<void> Backend::close(std::chrono::milliseconds) { co_return; }
PoolStats Backend::stats() const { return {}; }
PoolStats Backend::stats(const boost::asio::any_io_executor&) const { return {}; }
void* Backend::native(const std::type_info&) noexcept { return nullptr; }
std::string Backend::endpoint() const { return {}; }
bool Backend::enforces_deadline() const { return false; }
bool Backend::repeats_itself() const { return false; }
bool Backend::immediate() const { return false; }

BackendTransaction::~BackendTransaction() = default;
awaitable<std::vector<Record>> BackendTransaction::search(CallContext context, Query query) {
  return collect(scan(std::move(context), std::move(query), {}));
}
awaitable<std::uint64_t> BackendTransaction::count(CallContext context, Query query) {
  return tally(scan(std::move(context), matching(query), {}));
}
awaitable<std::vector<std::optional<Record>>> BackendTransaction::read_batch(CallContext context,
                                                                             std::vector<std::string> ids) {
  return read_each(*this, std::move(context), std::move(ids));
}
awaitable<BatchResult> BackendTransaction::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                                       BatchOptions options) {
  options.atomic(false);  // the transaction is what makes it so
  return write_each(*this, std::move(context), kind, std::move(records), std::move(options));
}
awaitable<void> BackendTransaction::savepoint(CallContext, unsigned) {
  unsupported("savepoints");
  co_return;
}
awaitable<void> BackendTransaction::release_savepoint(CallContext, unsigned) {
  unsupported("savepoints");
  co_return;
}
awaitable<void> BackendTransaction::rollback_to_savepoint(CallContext, unsigned) {
  unsupported("savepoints");
  co_return;
}
void* BackendTransaction::native(const std::type_info&) noexcept { return nullptr; }

}  // namespace weir
