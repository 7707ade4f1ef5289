#include "backends/memory/memory_transaction.hpp"

namespace weir::memory {

MemoryTransaction::MemoryTransaction(std::shared_ptr<Store> store, bool read_only)
    : store_(std::move(store)), read_only_(read_only), base_(store_->snapshot()) {}

RecordPointer MemoryTransaction::find(const std::string& id) {
  if (const auto change = changes_.find(id); change != changes_.end()) return change->second;
  auto stored = base_.records.find(id);
  reads_.versions.try_emplace(id, stored ? stored->version : std::string());
  return stored;
}

View MemoryTransaction::view() {
  reads_.whole = true;
  return {base_.records, changes_};
}

awaitable<std::optional<Record>> MemoryTransaction::read(CallContext, std::string id) {
  const auto record = find(id);
  if (!record) co_return std::nullopt;
  co_return *record;
}

awaitable<bool> MemoryTransaction::write(CallContext, WriteKind kind, Record record, WriteOptions options) {
  if (read_only_) throw Error(errc::invalid_argument, "the transaction is read only");
  const auto id = record.id;
  const auto stored = find(id);
  auto written = apply(stored.get(), kind, std::move(record), options, store_->next_stamp());
  if (written.applied) changes_[id] = std::move(written.record);
  co_return written.applied;
}

RecordStream MemoryTransaction::scan(CallContext context, Query query, StreamOptions options) {
  return memory::scan(view(), std::move(query), std::move(options), context);
}
awaitable<std::vector<Record>> MemoryTransaction::search(CallContext context, Query query) {
  return memory::search(view(), std::move(query), std::move(context));
}
awaitable<std::uint64_t> MemoryTransaction::count(CallContext context, Query query) {
  return memory::count(view(), std::move(query), std::move(context));
}

awaitable<void> MemoryTransaction::commit(CallContext) {
  store_->commit(changes_, reads_, base_.version);
  co_return;
}
awaitable<void> MemoryTransaction::rollback(CallContext) { co_return; }

awaitable<void> MemoryTransaction::savepoint(CallContext, unsigned depth) {
  savepoints_.resize(depth - 1);
  savepoints_.push_back(changes_);
  co_return;
}
awaitable<void> MemoryTransaction::release_savepoint(CallContext, unsigned depth) {
  savepoints_.resize(depth - 1);
  co_return;
}
awaitable<void> MemoryTransaction::rollback_to_savepoint(CallContext, unsigned depth) {
  savepoints_.resize(depth);
  changes_ = savepoints_.back();
  co_return;
}

}  // namespace weir::memory
