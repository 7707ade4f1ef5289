#pragma once

#include "backends/immediate_backend.hpp"
#include "backends/memory/store.hpp"

#include <weir/backend.hpp>

namespace weir::memory {

/// The reference: the evaluator over records in memory, safe from many threads.
class MemoryBackend final : public Backend, public detail::ImmediateBackend {
 public:
  MemoryBackend(std::shared_ptr<Store> store, std::string name);

  Capabilities capabilities() const override;
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<Health> ping(CallContext context) override;
  awaitable<bool> exists(CallContext context, std::string id) override;
  awaitable<std::vector<Record>> search(CallContext context, Query query) override;
  awaitable<std::uint64_t> count(CallContext context, Query query) override;
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override;
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options) override;
  awaitable<Json> explain(CallContext context, Query query) override;
  std::string endpoint() const override { return name_; }
  bool enforces_deadline() const override { return true; }
  bool immediate() const override { return true; }

  std::optional<Record> read_now(const std::string& id) override;
  bool exists_now(const std::string& id) override;
  bool write_now(WriteKind kind, Record&& record, const WriteOptions& options) override;

 private:
  const std::shared_ptr<Store> store_;
  const std::string name_;
};

/// `memory:` is a database of its own; `memory:NAME` is shared by all that open that name while one of them lives.
awaitable<std::shared_ptr<Backend>> make_backend(Config config);

}  // namespace weir::memory
