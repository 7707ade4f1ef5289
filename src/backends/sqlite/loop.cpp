#include "backends/sqlite/loop.hpp"

#include "pool/loop.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <memory>
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
  detail::check_has_loop(executor);
  return asio::use_service<LoopService>(asio::query(executor, asio::execution::context)).loop;
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

// Runs the first handler and posts itself with the rest before: on a loop with several threads they go on side by side.
class Loop::Delivery {
 public:
  struct Item {
    Waiter::Handler handler;
    std::exception_ptr error;
  };
  explicit Delivery(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  void add(Waiter::Handler handler, std::exception_ptr error) {
    items_.push_back({std::move(handler), std::move(error)});
  }
  static void post(Delivery delivery) {
    const asio::any_io_executor executor = delivery.executor_;
    asio::post(executor, std::move(delivery));
  }
  void operator()() {
    Item item = std::move(items_[next_++]);
    if (next_ < items_.size()) post(std::move(*this));
    // From here on a cancellation has nothing left to reach.
    if (auto slot = asio::get_associated_cancellation_slot(item.handler); slot.is_connected()) slot.clear();
    std::move(item.handler)(std::move(item.error));
  }

 private:
  asio::any_io_executor executor_;
  std::vector<Item> items_;
  std::size_t next_ = 0;
};

void Loop::complete(std::vector<Answer>& answers) noexcept {
  while (!answers.empty()) {
    // Nearly always all of them belong to one loop.
    const std::shared_ptr<Loop> loop = answers.back().waiter->loop_;
    if (loop == nullptr) {
      answers.pop_back();
    } else {
      loop->complete_own(answers);
    }
  }
}

void Loop::complete_own(std::vector<Answer>& answers) {
  const std::lock_guard lock(mutex_);
  std::vector<Delivery> deliveries;
  std::vector<Answer> others;
  for (Answer& answer : answers) {
    Waiter& waiter = *answer.waiter;
    if (waiter.loop_.get() != this) {
      others.push_back(std::move(answer));
      continue;
    }
    if (!alive_ || !waiter.handler_) continue;
    unlink(waiter);
    const asio::any_io_executor executor = waiter.work_->get_executor();
    const auto same = [&](const Delivery& delivery) { return delivery.executor() == executor; };
    auto found = std::find_if(deliveries.begin(), deliveries.end(), same);
    if (found == deliveries.end()) found = deliveries.emplace(found, executor);
    found->add(std::move(*waiter.handler_), std::move(answer.error));
    waiter.handler_.reset();
  }
  for (Delivery& delivery : deliveries) Delivery::post(std::move(delivery));
  // Only now that the loop has other work may what kept it running be let go.
  for (const Answer& answer : answers)
    if (answer.waiter != nullptr && answer.waiter->loop_.get() == this) answer.waiter->work_.reset();
  answers = std::move(others);
}

void Loop::wake_later(std::shared_ptr<Wakeable> threads, const asio::any_io_executor& executor) {
  {
    const std::lock_guard lock(mutex_);
    if (std::find(to_wake_.begin(), to_wake_.end(), threads) != to_wake_.end()) return;
    to_wake_.push_back(std::move(threads));
  }
  asio::post(executor, [loop = shared_from_this()] { loop->wake_now(); });
}

void Loop::wake_now() noexcept {
  std::vector<std::shared_ptr<Wakeable>> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(to_wake_);
  }
  for (const auto& threads : all) threads->wake();
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
  // Work that was given in the loop's last turn is done all the same.
  wake_now();
}

}  // namespace weir::sqlite
