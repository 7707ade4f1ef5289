#pragma once

#include "backends/memory/scan.hpp"

#include <weir/backend.hpp>

#include <vector>

namespace weir::memory {

/// An optimistic transaction: a snapshot, changes of its own, and a check at commit that nothing it has read was
/// written meanwhile. So it never waits, and it is serializable whatever isolation is asked for.
class MemoryTransaction final : public BackendTransaction {
 public:
  MemoryTransaction(std::shared_ptr<Store> store, bool read_only);

  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<std::vector<Record>> search(CallContext context, Query query) override;
  awaitable<std::uint64_t> count(CallContext context, Query query) override;
  awaitable<void> commit(CallContext context) override;
  awaitable<void> rollback(CallContext context) override;
  awaitable<void> savepoint(CallContext context, unsigned depth) override;
  awaitable<void> release_savepoint(CallContext context, unsigned depth) override;
  awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth) override;

 private:
  RecordPointer find(const std::string& id);
  View view();

  const std::shared_ptr<Store> store_;
  const bool read_only_;
  Store::State base_;
  Changes changes_;
  ReadSet reads_;
  std::vector<Changes> savepoints_;  // the changes as they were at each
};

}  // namespace weir::memory
