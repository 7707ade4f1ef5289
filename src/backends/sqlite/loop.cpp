#include "backends/sqlite/loop.hpp"

#include <weir/error.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/system_executor.hpp>

#include <utility>
#include <vector>

namespace weir::sqlite {
namespace {

namespace asio = boost::asio;

class LoopService final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit LoopService(asio::execution_context& context)
      : asio::execution_context::service(context), loop(std::make_shared<Loop>()) {}

  const std::shared_ptr<Loop> loop;

 private:
  void shutdown() override { loop->shut_down(); }
};

}  // namespace

std::shared_ptr<Loop> Loop::of(const asio::any_io_executor& executor) {
  asio::execution_context* context = nullptr;
  if (executor) context = &asio::query(executor, asio::execution::context);
  const asio::execution_context* system = &asio::query(asio::system_executor(), asio::execution::context);
  if (context == nullptr || context == system)
    throw Error(errc::unsupported,
                "the executor has no loop of its own; run the coroutine on an io_context or thread_pool");
  return asio::use_service<LoopService>(*context).loop;
}

void Loop::wait(Waiter& waiter, Waiter::Handler handler, const asio::any_io_executor& executor) {
  const std::lock_guard lock(mutex_);
  waiter.loop_ = shared_from_this();
  waiter.handler_.emplace(std::move(handler));
  waiter.work_.emplace(executor);
  waiter.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &waiter;
  first_ = &waiter;
}

void Loop::unlink(Waiter& waiter) noexcept {
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
  if (waiter.next_ != nullptr) waiter.next_->previous_ = waiter.previous_;
  waiter.previous_ = waiter.next_ = nullptr;
}

void Loop::complete(Waiter& waiter, std::exception_ptr error) noexcept {
  const std::shared_ptr<Loop> loop = waiter.loop_;
  if (loop == nullptr) return;
  const std::lock_guard lock(loop->mutex_);
  if (!loop->alive_ || !waiter.handler_) return;
  loop->unlink(waiter);
  const asio::any_io_executor executor = waiter.work_->get_executor();
  asio::post(executor, [handler = std::move(*waiter.handler_), failure = std::move(error)]() mutable {
    // From here on a cancellation has nothing left to reach.
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
    std::move(handler)(std::move(failure));
  });
  waiter.handler_.reset();
  waiter.work_.reset();
}

void Loop::shut_down() noexcept {
  struct Orphan {
    std::optional<Waiter::Handler> handler;
    std::optional<asio::executor_work_guard<asio::any_io_executor>> work;
  };
  std::vector<Orphan> orphans;
  {
    const std::lock_guard lock(mutex_);
    alive_ = false;
    while (first_ != nullptr) {
      Waiter& waiter = *first_;
      unlink(waiter);
      orphans.push_back({std::exchange(waiter.handler_, std::nullopt), std::exchange(waiter.work_, std::nullopt)});
    }
  }
  // Destroying a handler destroys its coroutine, whose objects may come here again.
  orphans.clear();
}

}  // namespace weir::sqlite
