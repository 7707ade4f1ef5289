#pragma once

#include "backends/immediate_backend.hpp"
#include "policy/policy_state.hpp"

namespace weir::policy {

/// A backend with the layers around it; see with_policies.
class PolicyBackend final : public Backend, public weir::detail::InlineReads {
 public:
  explicit PolicyBackend(StatePointer state)
      : state_(std::move(state)), inline_reads_(weir::detail::inline_reads_of(*state_->backend)) {}

  Capabilities capabilities() const override { return state_->capabilities; }
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  /// Not repeated: it is to say how things are.
  awaitable<Health> ping(CallContext context) override;
  awaitable<bool> exists(CallContext context, std::string id) override;
  awaitable<std::vector<Record>> search(CallContext context, Query query) override;
  awaitable<std::uint64_t> count(CallContext context, Query query) override;
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override;
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override;
  awaitable<std::uint64_t> remove_where(CallContext context, Query query) override;
  awaitable<std::uint64_t> patch_where(CallContext context, Query query, Json merge_patch) override;
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options) override;
  awaitable<Json> explain(CallContext context, Query query) override;
  awaitable<void> close(std::chrono::milliseconds drain) override { return state_->backend->close(drain); }

  PoolStats stats() const override;
  PoolStats stats(const boost::asio::any_io_executor& executor) const override;
  void* native(const std::type_info& type) noexcept override { return state_->backend->native(type); }
  std::string endpoint() const override { return state_->backend->endpoint(); }
  bool enforces_deadline() const override { return true; }
  bool repeats_itself() const override { return true; }
  bool immediate() const override { return false; }
  bool reads_inline() const override { return inline_reads_ != nullptr; }
  bool try_read_now(const std::string& id, std::optional<Record>& found) override;

 private:
  const StatePointer state_;
  weir::detail::InlineReads* const inline_reads_;  ///< the backend's, or null
};

/// The parts of it that are more than a repetition.
awaitable<bool> write_record(StatePointer state, CallContext context, WriteKind kind, Record record,
                             WriteOptions options);
awaitable<BatchResult> write_records(StatePointer state, CallContext context, WriteKind kind,
                                     std::vector<Record> records, BatchOptions options);
RecordStream repeated_stream(StatePointer state, CallContext context, Query query, StreamOptions options);
std::shared_ptr<BackendTransaction> limited_transaction(StatePointer state,
                                                        std::shared_ptr<BackendTransaction> transaction);

}  // namespace weir::policy
