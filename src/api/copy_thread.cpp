#include "api/copy_thread.hpp"

#include "net/strand_call.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

/// Whether a loop is still there. Held by the loop itself as a service, and by those who may outlive it.
struct Life {
  std::mutex mutex;
  bool over = false;
};

class LifeService : public asio::execution_context::service {
 public:
  using key_type = LifeService;
  inline static asio::execution_context::id id;
  explicit LifeService(asio::execution_context& context)
      : asio::execution_context::service(context), life(std::make_shared<Life>()) {}
  const std::shared_ptr<Life> life;

 private:
  void shutdown() noexcept override {
    const std::lock_guard lock(life->mutex);
    life->over = true;
  }
};

/// The waiting side; owned by the coroutine alone, and so destroyed with its loop at the latest.
struct CopyWaiter {
  explicit CopyWaiter(const asio::any_io_executor& executor) : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool done = false;
  std::exception_ptr error;
};

/// The working side.
struct Job {
  std::function<void()> work;
  std::shared_ptr<Life> life;
  std::weak_ptr<CopyWaiter> waiter;

  void operator()() const {
    std::exception_ptr error;
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
    // While the lock is held the loop is there; what is locked from `waiter` is let go before.
    const std::lock_guard lock(life->mutex);
    if (life->over) return;
    if (const auto alive = waiter.lock()) {
      const auto executor = alive->timer.get_executor();
      asio::post(executor, [weak = waiter, error] {
        if (const auto target = weak.lock()) {
          target->done = true;
          target->error = error;
          target->timer.cancel();
        }
      });
    }
  }
};

}  // namespace

struct HelperThread::Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  bool closed = false;
  std::thread thread;

  void serve() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return closed || !jobs.empty(); });
      if (closed) return;
      const auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }
};

HelperThread::HelperThread() : queue_(std::make_shared<Queue>()) {
  queue_->thread = std::thread([queue = queue_.get()] { queue->serve(); });
}

HelperThread::~HelperThread() {
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->closed = true;
  }
  queue_->changed.notify_all();
  queue_->thread.join();
}

namespace {

// A cancellation ends one wait: the job goes on, and its outcome counts.
awaitable<void> ended(std::shared_ptr<CopyWaiter> waiter) {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!waiter->done) {
    boost::system::error_code ignored;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace

awaitable<void> HelperThread::run(std::function<void()> job) {
  const auto executor = co_await asio::this_coro::executor;
  // On a loop with several threads the job's end must not come between the look at `done` and the wait.
  const asio::any_io_executor strand = asio::make_strand(executor);
  const auto waiter = std::make_shared<CopyWaiter>(strand);
  Job entry;
  entry.work = std::move(job);
  entry.life = asio::use_service<LifeService>(asio::query(executor, asio::execution::context)).life;
  entry.waiter = waiter;
  {
    const std::lock_guard lock(queue_->mutex);
    queue_->jobs.push_back(std::move(entry));
  }
  queue_->changed.notify_all();
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await net::call_on_strand<void>(strand, ended(waiter));
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (waiter->error) std::rethrow_exception(waiter->error);
}

}  // namespace weir::detail
