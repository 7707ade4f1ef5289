#include "api/copy_tasks.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <list>

namespace weir::detail {

namespace asio = boost::asio;

struct TaskGroup::State {
  explicit State(asio::any_io_executor s)
      : strand(std::move(s)), changed(strand, asio::steady_timer::time_point::max()) {}

  asio::any_io_executor strand;
  asio::steady_timer changed;  ///< never expires; its wait is cancelled when a task has ended
  std::list<asio::cancellation_signal> running;
  std::exception_ptr error;

  void cancel_all() {
    for (auto& signal : running) signal.emit(asio::cancellation_type::terminal);
  }
};

TaskGroup::TaskGroup(asio::any_io_executor strand) : state_(std::make_shared<State>(std::move(strand))) {}
TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(awaitable<void> task) {
  auto state = state_;
  state->running.emplace_back();
  const auto self = std::prev(state->running.end());
  asio::co_spawn(state->strand, std::move(task),
                 asio::bind_cancellation_slot(self->slot(), [state, self](std::exception_ptr error) {
                   state->running.erase(self);
                   if (error && !state->error) {
                     state->error = error;
                     state->cancel_all();
                   }
                   state->changed.cancel();
                 }));
}

void TaskGroup::cancel() { state_->cancel_all(); }
bool TaskGroup::idle() const noexcept { return state_->running.empty(); }
std::exception_ptr TaskGroup::error() const noexcept { return state_->error; }

awaitable<void> TaskGroup::wait_once() {
  const auto state = state_;
  if (state->running.empty()) co_return;
  boost::system::error_code ignored;  // a wake-up and a cancellation look the same: the caller looks at the state
  co_await state->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace weir::detail
