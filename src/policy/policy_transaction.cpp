// Transactions of backends that know no deadlines. Nothing is repeated in them: their owner runs the whole again.
#include "policy/deadline.hpp"
#include "policy/policy_backend.hpp"

namespace weir::policy {
namespace {

/// The fetches of a stream, each within the deadline of its transaction's operation. A fetch that is watched holds what
/// it works on: a loop that is destroyed destroys coroutines in any order.
class LimitedSource final : public RecordSource {
 public:
  LimitedSource(StatePointer state, CallContext context, std::shared_ptr<BackendTransaction> transaction,
                RecordStream records)
      : inner_(std::make_shared<Inner>(std::move(state), std::move(transaction), std::move(records))),
        context_(std::move(context)) {}

  awaitable<std::vector<Record>> next_batch() override {
    DeadlineOptions options;
    options.deadline = inner_->state->clock->now() + context_.timeout;
    return within_deadline<std::vector<Record>>(*inner_->state->clock, inner_->stream.next_batch(), options, inner_);
  }
  awaitable<void> close() override { return inner_->stream.close(); }

 private:
  struct Inner {
    Inner(StatePointer policies, std::shared_ptr<BackendTransaction> owner, RecordStream records)
        : state(std::move(policies)), transaction(std::move(owner)), stream(std::move(records)) {}
    const StatePointer state;
    const std::shared_ptr<BackendTransaction> transaction;
    RecordStream stream;
  };
  const std::shared_ptr<Inner> inner_;
  const CallContext context_;
};

class LimitedTransaction final : public BackendTransaction {
 public:
  LimitedTransaction(StatePointer state, std::shared_ptr<BackendTransaction> inner)
      : state_(std::move(state)), inner_(std::move(inner)) {}

  awaitable<std::optional<Record>> read(CallContext context, std::string id) override {
    return limited(context, inner_->read(context, std::move(id)), false);
  }
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override {
    return limited(context, inner_->write(context, kind, std::move(record), std::move(options)), true);
  }
  RecordStream scan(CallContext context, Query query, StreamOptions options) override {
    auto stream = inner_->scan(context, std::move(query), std::move(options));
    if (state_->enforces_deadline || context.timeout.count() <= 0) return stream;
    return RecordStream(std::make_shared<LimitedSource>(state_, std::move(context), inner_, std::move(stream)));
  }
  awaitable<std::vector<Record>> search(CallContext context, Query query) override {
    return limited(context, inner_->search(context, std::move(query)), false);
  }
  awaitable<std::uint64_t> count(CallContext context, Query query) override {
    return limited(context, inner_->count(context, std::move(query)), false);
  }
  awaitable<std::vector<std::optional<Record>>> read_batch(CallContext context, std::vector<std::string> ids) override {
    return limited(context, inner_->read_batch(context, std::move(ids)), false);
  }
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override {
    return limited(context, inner_->write_batch(context, kind, std::move(records), std::move(options)), true);
  }
  awaitable<void> commit(CallContext context) override { return limited(context, inner_->commit(context), true); }
  awaitable<void> rollback(CallContext context) override { return limited(context, inner_->rollback(context), false); }
  awaitable<void> savepoint(CallContext context, unsigned depth) override {
    return limited(context, inner_->savepoint(context, depth), false);
  }
  awaitable<void> release_savepoint(CallContext context, unsigned depth) override {
    return limited(context, inner_->release_savepoint(context, depth), false);
  }
  awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth) override {
    return limited(context, inner_->rollback_to_savepoint(context, depth), false);
  }
  void* native(const std::type_info& type) noexcept override { return inner_->native(type); }

 private:
  template <class T>
  awaitable<T> limited(const CallContext& context, awaitable<T> operation, bool may_apply) {
    if (!needs_deadline(*state_, context)) return operation;
    DeadlineOptions options;
    options.deadline = context.deadline;
    options.may_apply = may_apply;
    return within_deadline<T>(*state_->clock, std::move(operation), options, inner_);
  }

  const StatePointer state_;
  const std::shared_ptr<BackendTransaction> inner_;
};

}  // namespace

std::shared_ptr<BackendTransaction> limited_transaction(StatePointer state,
                                                        std::shared_ptr<BackendTransaction> transaction) {
  if (!transaction) return transaction;
  return std::make_shared<LimitedTransaction>(std::move(state), std::move(transaction));
}

}  // namespace weir::policy
