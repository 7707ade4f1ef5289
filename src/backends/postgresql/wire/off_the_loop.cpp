#include "backends/postgresql/wire/off_the_loop.hpp"

#include "pool/latch.hpp"
#include "pool/loop_record.hpp"
#include "pool/process.hpp"

#include <weir/registry.hpp>

#include <boost/asio/this_coro.hpp>

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

// A certificate that never comes holds one of them.
constexpr std::size_t most_threads = 16;
// A process at rest has none.
constexpr std::chrono::milliseconds longest_idle{20};

// Threads that come with the work and go without it. Never destroyed: what hangs may outlive `main`.
class Helpers {
 public:
  static Helpers& instance();
  void run(std::function<void()> job);

 private:
  explicit Helpers(std::uint64_t generation) : generation_(generation) {}
  void work();

  const std::uint64_t generation_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::function<void()>> jobs_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
};

// The child of a fork has none of its parent's threads, and perhaps their lock.
Helpers& Helpers::instance() {
  static std::atomic<Helpers*> current{nullptr};
  const auto generation = detail::Process::fork_generation();
  auto* known = current.load(std::memory_order_acquire);
  while (known == nullptr || known->generation_ != generation) {
    std::unique_ptr<Helpers> made(new Helpers(generation));
    if (current.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) known = made.release();
  }
  return *known;
}

void Helpers::run(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (jobs_.size() <= idle_) return more_.notify_one();
  if (threads_ == most_threads) return;
  // Signals are for the threads that know what to do with them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread([this] { work(); }).detach();
    ++threads_;
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (threads_ != 0) return;  // it waits its turn
    jobs_.pop_back();
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Helpers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (jobs_.empty()) {
      ++idle_;
      more_.wait_for(lock, longest_idle, [this] { return !jobs_.empty(); });
      --idle_;
    }
    if (jobs_.empty()) break;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  --threads_;
}

}  // namespace

awaitable<void> off_the_loop(std::function<void()> work, Clock::time_point deadline, Error late) {
  auto& loop = detail::LoopRecord::of(PoolRegistry::of(co_await asio::this_coro::executor));
  const auto latch = std::make_shared<detail::Latch>(loop, 1);
  loop.add_latch(latch);
  const auto failed = std::make_shared<std::exception_ptr>();
  {
    auto until_done = std::make_shared<detail::CountDown>(latch);
    std::function<void()> job = [work = std::move(work), failed, until_done = std::move(until_done)]() mutable {
      try {
        work();
      } catch (...) {
        *failed = std::current_exception();
      }
      work = nullptr;
    };
    Helpers::instance().run(std::move(job));
  }
  bool done = false;
  bool cancelled = false;
  try {
    done = co_await detail::Latch::wait(latch, deadline);
  } catch (const Error& error) {
    cancelled = error.kind() == errc::cancelled;
    if (!cancelled) throw;
  }
  if (cancelled) throw Error(errc::cancelled, "cancelled while connecting");
  if (!done) throw std::move(late);
  if (*failed) std::rethrow_exception(*failed);
}

}  // namespace weir::postgres
