#include "api/operation.hpp"
#include "api/transaction_state.hpp"
#include "api/write_preparation.hpp"

#include <weir/transaction.hpp>

#include <boost/asio/this_coro.hpp>

namespace weir {

using detail::LoopOwner;
using detail::Operation;
using detail::TransactionCore;
using detail::TransactionState;
using State = std::shared_ptr<TransactionState>;

namespace detail {

TransactionState::~TransactionState() {
  if (finished) return;
  if (depth == 0) {
    core->backend.reset();  // rolls back, without blocking
  } else if (core->abandoned == 0 || core->abandoned > depth) {
    core->abandoned = depth;
  }
}

}  // namespace detail

namespace {

constexpr const char* noun = "transaction";

/// Entered by every operation: the checks, and the error's place in the world.
class TransactionOperation {
 public:
  TransactionOperation(const State& state, std::string_view name, const boost::asio::any_io_executor& executor)
      : core_(*checked(state, name).core), use_(core_.owner, executor, noun), operation_(core_.handle, name) {
    if (state->finished || !core_.backend) fail("the transaction is over");
    if (core_.abandoned == 0 && core_.depth != state->depth)
      fail(state->depth < core_.depth ? "a savepoint of this transaction is open" : "the savepoint is over");
  }

  CallContext context(std::optional<std::chrono::milliseconds> timeout = {}) const {
    return operation_.context(timeout ? timeout : core_.options.timeout());
  }
  const std::shared_ptr<BackendTransaction>& backend() const { return core_.backend; }
  TransactionCore& core() const { return core_; }

  /// Undoes savepoints that were dropped without commit; before anything else is done.
  awaitable<void> settle(unsigned depth) {
    if (core_.abandoned == 0) co_return;
    start();
    const unsigned from = core_.abandoned;
    co_await core_.backend->rollback_to_savepoint(context(), from);
    co_await core_.backend->release_savepoint(context(), from);
    core_.broken = false;
    core_.abandoned = 0;
    core_.depth = from - 1;
    if (core_.depth != depth) fail("the savepoint is over");
  }
  bool unsettled() const { return core_.abandoned != 0; }

  /// Before the store is asked: until the answer is here, nobody knows the transaction's state.
  void start() {
    if (core_.broken) fail("an operation of this transaction was cancelled or lost; only rollback is left");
    core_.broken = true;
  }
  void done() { core_.broken = false; }
  /// In a catch handler: an error that the store itself answered leaves the transaction usable.
  [[noreturn]] void rethrow() {
    const auto error = Operation::translate(std::current_exception(), state_name(), "transaction", endpoint());
    switch (error.kind()) {
      case errc::cancelled:
      case errc::timeout:
      case errc::connection_lost:
      case errc::protocol_error:
      case errc::serialization_failure:
      case errc::deadlock: break;
      default: core_.broken = false;
    }
    throw error;
  }

 private:
  static TransactionState& checked(const State& state, std::string_view name) {
    if (!state)
      throw Error(errc::invalid_argument, "the transaction is empty", ErrorContext{}.operation(std::string(name)));
    return *state;
  }
  [[noreturn]] void fail(const char* why) const {
    throw Error(errc::invalid_argument, why, ErrorContext{}.backend(state_name()).operation("transaction"));
  }
  std::string state_name() const { return core_.handle->state->name; }
  std::string endpoint() const { return core_.handle->state->endpoint; }

  TransactionCore& core_;
  LoopOwner::Use use_;
  Operation operation_;
};

/// One operation of a transaction. `Call` is a plain function `(BackendTransaction&, CallContext, Arguments...)` that
/// gives the awaitable, so that no closure is kept in a frame.
template <class Result, class... Arguments>
awaitable<Result> perform(State state, const char* name, std::optional<std::chrono::milliseconds> timeout,
                          awaitable<Result> (BackendTransaction::*call)(CallContext, Arguments...),
                          Arguments... arguments) {
  const auto executor = co_await boost::asio::this_coro::executor;
  TransactionOperation operation(state, name, executor);
  if (operation.unsettled()) co_await operation.settle(state->depth);
  WEIR_TAKE_TURNS();
  operation.start();
  try {
    if constexpr (std::is_void_v<Result>) {
      co_await (operation.backend().get()->*call)(operation.context(timeout), std::move(arguments)...);
      operation.done();
    } else {
      Result result = co_await (operation.backend().get()->*call)(operation.context(timeout), std::move(arguments)...);
      operation.done();
      co_return result;
    }
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<bool> write(State state, WriteKind kind, Record record, WriteOptions options) {
  const char* name = detail::operation_name(kind);
  try {
    detail::prepare(kind, record);
  } catch (...) {
    Operation::rethrow_within({}, name, {});
  }
  const auto timeout = options.timeout();
  co_return co_await perform(std::move(state), name, timeout, &BackendTransaction::write, kind, std::move(record),
                             std::move(options));
}

awaitable<std::string> write_new(State state, WriteKind kind, Record record, WriteOptions options) {
  detail::assign_id(record);
  auto id = record.id;
  co_await write(std::move(state), kind, std::move(record), std::move(options));
  co_return id;
}

awaitable<BatchResult> write_batch(State state, WriteKind kind, std::vector<Record> records, BatchOptions options) {
  detail::BatchPreparation preparation(kind, std::move(records), options);
  if (preparation.records().empty()) co_return preparation.finish({});
  const auto timeout = options.timeout();
  auto result = co_await perform(std::move(state), detail::batch_name(kind), timeout, &BackendTransaction::write_batch,
                                 kind, preparation.take(), std::move(options));
  co_return preparation.finish(std::move(result));
}

/// The transaction's streams check in at every fetch. They end with the transaction and do not keep it open.
class TransactionSource final : public RecordSource {
 public:
  TransactionSource(const State& state, Query query, StreamOptions options)
      : state_(state), query_(std::move(query)), options_(std::move(options)) {}

  awaitable<std::vector<Record>> next_batch() override {
    const auto state = state_.lock();
    if (!state)
      throw Error(errc::invalid_argument, "the transaction of this stream is over", ErrorContext{}.operation("stream"));
    const auto executor = co_await boost::asio::this_coro::executor;
    TransactionOperation operation(state, "stream", executor);
    if (operation.unsettled()) co_await operation.settle(state->depth);
    operation.start();
    try {
      if (!inner_) inner_ = operation.backend()->scan(operation.context(), std::move(query_), std::move(options_));
      auto batch = co_await inner_.next_batch();
      operation.done();
      co_return batch;
    } catch (...) {
      operation.rethrow();
    }
  }

  awaitable<void> close() override {
    const auto state = state_.lock();
    if (inner_ && state && state->core->backend) co_await inner_.close();
    inner_ = RecordStream();
  }

 private:
  const std::weak_ptr<TransactionState> state_;
  Query query_;
  StreamOptions options_;
  RecordStream inner_;
};

awaitable<Transaction> open_savepoint(State state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  TransactionOperation operation(state, "savepoint", executor);
  if (operation.unsettled()) co_await operation.settle(state->depth);
  operation.start();
  auto& core = operation.core();
  const unsigned depth = state->depth + 1;
  try {
    co_await operation.backend()->savepoint(operation.context(), depth);
    operation.done();
  } catch (...) {
    operation.rethrow();
  }
  core.depth = depth;
  co_return Transaction(std::make_shared<TransactionState>(state->core, depth));
}

// A savepoint whose end failed is over for its owner; what is left of it is undone before anything else, or with the
// whole.
awaitable<void> commit(State state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  TransactionOperation operation(state, "commit", executor);
  if (operation.unsettled()) co_await operation.settle(state->depth);
  operation.start();
  auto& core = operation.core();
  state->finished = true;
  try {
    if (state->depth > 0) {
      co_await operation.backend()->release_savepoint(operation.context(), state->depth);
      core.depth = state->depth - 1;
      operation.done();
    } else {
      const auto backend = std::exchange(core.backend, nullptr);
      co_await backend->commit(operation.context());
    }
  } catch (...) {
    core.abandoned = state->depth;
    operation.rethrow();
  }
}

awaitable<void> rollback(State state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  TransactionOperation operation(state, "rollback", executor);
  auto& core = operation.core();
  state->finished = true;
  try {
    if (state->depth > 0) {
      core.broken = true;
      core.abandoned = 0;  // deeper ones go with this one
      co_await operation.backend()->rollback_to_savepoint(operation.context(), state->depth);
      co_await operation.backend()->release_savepoint(operation.context(), state->depth);
      core.depth = state->depth - 1;
      operation.done();
    } else {
      const auto backend = std::exchange(core.backend, nullptr);
      co_await backend->rollback(operation.context());
    }
  } catch (...) {
    core.abandoned = state->depth;
    operation.rethrow();
  }
}

}  // namespace

Transaction::Transaction() noexcept = default;
Transaction::Transaction(std::shared_ptr<TransactionState> state) : state_(std::move(state)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;
Transaction::operator bool() const noexcept { return state_ != nullptr; }

awaitable<std::string> Transaction::create(Record record, WriteOptions options) {
  return write_new(state_, WriteKind::create, std::move(record), std::move(options));
}
awaitable<std::optional<Record>> Transaction::read(std::string id) {
  return perform(state_, "read", std::nullopt, &BackendTransaction::read, std::move(id));
}
awaitable<bool> Transaction::update(std::string id, Record record, WriteOptions options) {
  record.id = std::move(id);
  return write(state_, WriteKind::update, std::move(record), std::move(options));
}
awaitable<bool> Transaction::patch(std::string id, Json merge_patch, WriteOptions options) {
  return write(state_, WriteKind::patch, detail::patch_record(std::move(id), std::move(merge_patch)),
               std::move(options));
}
awaitable<std::string> Transaction::upsert(Record record, WriteOptions options) {
  return write_new(state_, WriteKind::upsert, std::move(record), std::move(options));
}
awaitable<bool> Transaction::remove(std::string id, WriteOptions options) {
  return write(state_, WriteKind::remove, detail::id_record(std::move(id)), std::move(options));
}

namespace {
awaitable<bool> exists_in(State state, std::string id) {
  const auto record =
      co_await perform(std::move(state), "exists", std::nullopt, &BackendTransaction::read, std::move(id));
  co_return record.has_value();
}
}  // namespace

awaitable<bool> Transaction::exists(std::string id) { return exists_in(state_, std::move(id)); }
awaitable<std::vector<Record>> Transaction::search(Query query) {
  return perform(state_, "search", std::nullopt, &BackendTransaction::search, std::move(query));
}
awaitable<std::uint64_t> Transaction::count(Query query) {
  return perform(state_, "count", std::nullopt, &BackendTransaction::count, std::move(query));
}
RecordStream Transaction::stream(Query query, StreamOptions options) {
  if (!state_) throw Error(errc::invalid_argument, "the transaction is empty", ErrorContext{}.operation("stream"));
  return RecordStream(std::make_shared<TransactionSource>(state_, std::move(query), std::move(options)));
}
awaitable<BatchResult> Transaction::create_batch(std::vector<Record> records, BatchOptions options) {
  return write_batch(state_, WriteKind::create, std::move(records), std::move(options));
}
awaitable<BatchResult> Transaction::upsert_batch(std::vector<Record> records, BatchOptions options) {
  return write_batch(state_, WriteKind::upsert, std::move(records), std::move(options));
}
awaitable<std::vector<std::optional<Record>>> Transaction::read_batch(std::vector<std::string> ids) {
  return perform(state_, "read_batch", std::nullopt, &BackendTransaction::read_batch, std::move(ids));
}
awaitable<BatchResult> Transaction::remove_batch(std::vector<std::string> ids, BatchOptions options) {
  return write_batch(state_, WriteKind::remove, detail::id_records(std::move(ids)), std::move(options));
}
awaitable<Transaction> Transaction::savepoint() { return open_savepoint(state_); }
awaitable<void> Transaction::commit() { return weir::commit(state_); }
awaitable<void> Transaction::rollback() { return weir::rollback(state_); }

unsigned Transaction::attempt() const {
  if (!state_) throw Error(errc::invalid_argument, "the transaction is empty", ErrorContext{}.operation("attempt"));
  return state_->core->attempt;
}

void* Transaction::native_pointer(const std::type_info& type) const {
  void* native = state_ && state_->core->backend ? state_->core->backend->native(type) : nullptr;
  if (native == nullptr)
    throw Error(errc::invalid_argument, "the transaction has no native object of the requested type",
                ErrorContext{}.operation("native"));
  return native;
}

}  // namespace weir
