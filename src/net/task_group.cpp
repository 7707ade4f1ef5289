#include "net/task_group.hpp"

#include "net/strand_call.hpp"

#include <weir/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <list>

namespace weir::net {

namespace asio = boost::asio;

struct TaskGroup::State {
  explicit State(asio::any_io_executor on)
      : strand(std::move(on)), changed(strand, asio::steady_timer::time_point::max()) {}

  asio::any_io_executor strand;
  asio::steady_timer changed;  ///< never expires; its wait is cancelled when there is something to look at
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
std::size_t TaskGroup::running() const noexcept { return state_->running.size(); }
std::exception_ptr TaskGroup::error() const noexcept { return state_->error; }
void TaskGroup::notify() { state_->changed.cancel(); }

awaitable<void> TaskGroup::wait_once() {
  const auto state = state_;
  if (state->running.empty()) co_return;
  boost::system::error_code ignored;  // a wake-up and a cancellation look the same: the caller looks at the state
  co_await state->changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

namespace detail {

awaitable<bool> join(TaskGroup& group) {
  bool cancelled = false;
  for (;;) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (!cancelled && state.cancelled() != asio::cancellation_type::none) {
      cancelled = true;
      group.cancel();
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    if (group.idle()) break;
    co_await group.wait_once();
  }
  co_return cancelled;
}

}  // namespace detail

namespace {

struct Row {
  Row(std::size_t n, std::function<awaitable<void>(std::size_t)> what) : count(n), task(std::move(what)) {}
  const std::size_t count;
  const std::function<awaitable<void>(std::size_t)> task;
  std::size_t next = 0;
  bool stopped = false;
};

awaitable<void> work(std::shared_ptr<Row> row) {
  while (row->next < row->count && !row->stopped) {
    const auto index = row->next++;
    try {
      co_await row->task(index);
    } catch (...) {
      row->stopped = true;
      throw;
    }
  }
}

awaitable<void> run_row(asio::any_io_executor strand, std::size_t workers, std::shared_ptr<Row> row) {
  TaskGroup group(strand);
  for (std::size_t i = 0; i < workers; ++i) group.spawn(work(row));
  bool cancelled = false;
  WEIR_JOIN(group, cancelled);
  if (group.error()) std::rethrow_exception(group.error());
  if (cancelled && row->next < row->count) throw Error(errc::cancelled, "cancelled");
}

}  // namespace

awaitable<void> for_each_index(std::size_t count, std::size_t most, std::function<awaitable<void>(std::size_t)> task) {
  if (count == 0) co_return;
  if (count == 1) {
    co_await task(0);
    co_return;
  }
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  auto row = std::make_shared<Row>(count, std::move(task));
  co_await net::call_on_strand<void>(strand, run_row(strand, std::clamp<std::size_t>(most, 1, count), std::move(row)));
}

}  // namespace weir::net
