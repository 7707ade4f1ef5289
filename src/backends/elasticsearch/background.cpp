#include "backends/elasticsearch/background.hpp"

#include <weir/error.hpp>
#include <weir/registry.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iterator>
#include <utility>

namespace weir::elasticsearch {

namespace asio = boost::asio;

namespace {

// What the registry of a loop keeps: its end is the loop's end.
struct GateKeeper {
  explicit GateKeeper(asio::any_io_executor executor) : gate(std::make_shared<LoopGate>(std::move(executor))) {}
  GateKeeper(const GateKeeper&) = delete;
  GateKeeper& operator=(const GateKeeper&) = delete;
  ~GateKeeper() { gate->shut(); }
  const std::shared_ptr<LoopGate> gate;
};

}  // namespace

std::shared_ptr<LoopGate> LoopGate::of(const asio::any_io_executor& executor) {
  static const std::size_t number = PoolRegistry::new_local_number();
  auto& registry = PoolRegistry::of(executor);
  void* found = registry.local(number);
  if (found == nullptr) found = registry.set_local(number, std::make_shared<GateKeeper>(executor));
  return static_cast<GateKeeper*>(found)->gate;
}

void LoopGate::post(std::function<void()> call) noexcept {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  try {
    asio::post(executor_, std::move(call));
  } catch (const std::exception&) {
    // No memory: what was to be freed on the server frees itself there in time.
  }
}

void LoopGate::shut() noexcept {
  const std::lock_guard lock(mutex_);
  open_ = false;
}

struct Crew::State {
  explicit State(asio::any_io_executor on)
      : strand(std::move(on)), changed(strand, asio::steady_timer::time_point::max()) {}
  asio::any_io_executor strand;
  asio::steady_timer changed;  // never expires; a wait on it is cancelled when somebody has ended
  std::list<asio::cancellation_signal> running;
  std::exception_ptr error;

  void cancel_all() {
    for (auto& signal : running) signal.emit(asio::cancellation_type::terminal);
  }
};

Crew::Crew(asio::any_io_executor strand) : state_(std::make_shared<State>(std::move(strand))) {}

void Crew::start(awaitable<void> work) {
  const auto state = state_;
  state->running.emplace_back();
  const auto self = std::prev(state->running.end());
  asio::co_spawn(state->strand, std::move(work),
                 asio::bind_cancellation_slot(self->slot(), [state, self](std::exception_ptr error) {
                   state->running.erase(self);
                   if (error && !state->error) {
                     state->error = error;
                     state->cancel_all();
                   }
                   state->changed.cancel();
                 }));
}

awaitable<void> Crew::join() {
  const auto state = state_;
  while (!state->running.empty()) {
    boost::system::error_code ignored;
    co_await state->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() == asio::cancellation_type::none) continue;
    state->cancel_all();
    throw Error(errc::cancelled, "cancelled");
  }
  if (state->error) std::rethrow_exception(state->error);
}

}  // namespace weir::elasticsearch
