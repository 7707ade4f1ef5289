#include "conformance/waiting_backend.hpp"

#include "backends/memory/memory_backend.hpp"

#include <weir/backend.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>
#include <map>
#include <mutex>
#include <utility>

namespace weir::conformance {
namespace {

namespace asio = boost::asio;

/// What every operation has to pass. Open, it costs a turn of the loop.
class Gate {
 public:
  awaitable<void> pass() {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    const auto timer = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    const Waiter waiter(*this, timer);
    while (closed()) co_await woken(timer);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    ++closed_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    if (--closed_ > 0) return;
    // On the loop that waits. Who waits is in the list, and so is its loop: it leaves the list with its frame.
    for (const auto& timer : waiting_) asio::post(timer->get_executor(), [timer] { timer->cancel(); });
  }

 private:
  using Timer = std::shared_ptr<asio::steady_timer>;

  class Waiter {
   public:
    Waiter(Gate& gate, Timer timer) : gate_(gate) {
      const std::lock_guard lock(gate_.mutex_);
      place_ = gate_.waiting_.insert(gate_.waiting_.end(), std::move(timer));
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
      const std::lock_guard lock(gate_.mutex_);
      gate_.waiting_.erase(place_);
    }

   private:
    Gate& gate_;
    std::list<Timer>::iterator place_;
  };

  /// Gives way to a cancellation of the caller, as a store's client would.
  static awaitable<void> woken(Timer timer) {
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    co_await timer->async_wait(token);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) throw Error(errc::cancelled, "cancelled");
  }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_ > 0;
  }

  mutable std::mutex mutex_;
  int closed_ = 0;
  std::list<Timer> waiting_;
};

using GatePointer = std::shared_ptr<Gate>;

/// The gate of a URL; one for all that open it.
GatePointer gate_of(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, GatePointer> gates;
  const std::lock_guard lock(mutex);
  auto& gate = gates[name];
  if (!gate) gate = std::make_shared<Gate>();
  return gate;
}

/// Passes the gate, then does it. The awaitables of the inner store have not begun before they are awaited.
template <class T>
awaitable<T> behind(GatePointer gate, awaitable<T> operation) {
  co_await gate->pass();
  co_return co_await std::move(operation);
}

class WaitingSource final : public RecordSource {
 public:
  WaitingSource(GatePointer gate, RecordStream inner) : gate_(std::move(gate)), inner_(std::move(inner)) {}
  awaitable<std::vector<Record>> next_batch() override { return behind(gate_, inner_.next_batch()); }
  awaitable<void> close() override { return inner_.close(); }

 private:
  const GatePointer gate_;
  RecordStream inner_;
};

template <class Inner>
RecordStream waiting_scan(const GatePointer& gate, Inner& inner, CallContext context, Query query,
                          StreamOptions options) {
  return RecordStream(
      std::make_shared<WaitingSource>(gate, inner.scan(std::move(context), std::move(query), std::move(options))));
}

class WaitingTransaction final : public BackendTransaction {
 public:
  WaitingTransaction(GatePointer gate, std::shared_ptr<BackendTransaction> inner)
      : gate_(std::move(gate)), inner_(std::move(inner)) {}

  awaitable<std::optional<Record>> read(CallContext context, std::string id) override {
    return behind(gate_, inner_->read(std::move(context), std::move(id)));
  }
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override {
    return behind(gate_, inner_->write(std::move(context), kind, std::move(record), std::move(options)));
  }
  RecordStream scan(CallContext context, Query query, StreamOptions options) override {
    return waiting_scan(gate_, *inner_, std::move(context), std::move(query), std::move(options));
  }
  awaitable<void> commit(CallContext context) override { return behind(gate_, inner_->commit(std::move(context))); }
  awaitable<void> rollback(CallContext context) override { return behind(gate_, inner_->rollback(std::move(context))); }
  awaitable<void> savepoint(CallContext context, unsigned depth) override {
    return behind(gate_, inner_->savepoint(std::move(context), depth));
  }
  awaitable<void> release_savepoint(CallContext context, unsigned depth) override {
    return behind(gate_, inner_->release_savepoint(std::move(context), depth));
  }
  awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth) override {
    return behind(gate_, inner_->rollback_to_savepoint(std::move(context), depth));
  }

 private:
  const GatePointer gate_;
  const std::shared_ptr<BackendTransaction> inner_;
};

class WaitingBackend final : public Backend {
 public:
  WaitingBackend(GatePointer gate, std::shared_ptr<Backend> inner) : gate_(std::move(gate)), inner_(std::move(inner)) {}

  Capabilities capabilities() const override { return inner_->capabilities(); }
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override {
    return behind(gate_, inner_->read(std::move(context), std::move(id)));
  }
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override {
    return behind(gate_, inner_->write(std::move(context), kind, std::move(record), std::move(options)));
  }
  RecordStream scan(CallContext context, Query query, StreamOptions options) override {
    return waiting_scan(gate_, *inner_, std::move(context), std::move(query), std::move(options));
  }
  awaitable<Health> ping(CallContext context) override { return behind(gate_, inner_->ping(std::move(context))); }
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override {
    return behind(gate_, inner_->write_batch(std::move(context), kind, std::move(records), std::move(options)));
  }
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options) override {
    auto inner = co_await behind(gate_, inner_->begin(std::move(context), std::move(options)));
    co_return std::make_shared<WaitingTransaction>(gate_, std::move(inner));
  }

 private:
  const GatePointer gate_;
  const std::shared_ptr<Backend> inner_;
};

constexpr std::string_view scheme = "waiting:";

awaitable<std::shared_ptr<Backend>> make(Config config) {
  const auto name = config.get<std::string>("location");
  auto inner = co_await memory::make_backend(Config::from_url("memory:" + name));
  co_return std::make_shared<WaitingBackend>(gate_of(name), std::move(inner));
}

}  // namespace

void register_waiting_backend() { register_backend("waiting", make); }

std::shared_ptr<void> stall_waiting_backend(const std::string& url) {
  const auto gate = gate_of(url.substr(scheme.size()));
  gate->close();
  return {nullptr, [gate](void*) { gate->open(); }};
}

}  // namespace weir::conformance
