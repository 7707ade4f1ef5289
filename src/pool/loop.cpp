#include "pool/loop.hpp"

#include <weir/error.hpp>

#include <boost/asio/detail/scheduler_thread_info.hpp>
#include <boost/asio/detail/thread_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <type_traits>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

template <class Executor>
using Tracked =
    std::decay_t<decltype(asio::prefer(std::declval<Executor>(), asio::execution::outstanding_work.tracked))>;

using PlainLoop = asio::io_context::executor_type;
using PlainThreads = asio::thread_pool::executor_type;

// The context's own executor out of one that was made from it; empty when it is of a kind not known here.
template <class Executor>
bool plain_of(const asio::any_io_executor& given, asio::any_io_executor& out) {
  if (const auto* const executor = given.target<Executor>()) {
    out = executor->context().get_executor();
    return true;
  }
  return false;
}

asio::any_io_executor base_of(const asio::any_io_executor& given);

template <class Inner>
bool inside_strand(const asio::any_io_executor& given, asio::any_io_executor& out) {
  if (const auto* const strand = given.target<asio::strand<Inner>>()) {
    out = base_of(asio::any_io_executor(strand->get_inner_executor()));
    return true;
  }
  return false;
}

asio::any_io_executor base_of(const asio::any_io_executor& given) {
  asio::any_io_executor out;
  if (plain_of<PlainLoop>(given, out) || plain_of<Tracked<PlainLoop>>(given, out) ||
      plain_of<PlainThreads>(given, out) || plain_of<Tracked<PlainThreads>>(given, out) ||
      inside_strand<PlainLoop>(given, out) || inside_strand<Tracked<PlainLoop>>(given, out) ||
      inside_strand<PlainThreads>(given, out) || inside_strand<Tracked<PlainThreads>>(given, out) ||
      inside_strand<asio::any_io_executor>(given, out))
    return out;
  return given;  // an executor of the user's own kind: it does what it does
}

// Told by its type: asking a system executor for its context would start the system's threads.
template <class Blocking>
bool is_system_executor(const asio::any_io_executor& executor) noexcept {
  using Fork = asio::execution::relationship_t::fork_t;
  using Continuation = asio::execution::relationship_t::continuation_t;
  using Allocator = std::allocator<void>;
  return executor.target<asio::basic_system_executor<Blocking, Fork, Allocator>>() != nullptr ||
         executor.target<asio::basic_system_executor<Blocking, Continuation, Allocator>>() != nullptr;
}

bool is_system_executor(const asio::any_io_executor& executor) noexcept {
  using Blocking = asio::execution::blocking_t;
  if (executor.target<PlainLoop>() != nullptr) return false;  // nearly always, and asked at every operation
  if (const auto* const strand = executor.target<asio::strand<asio::any_io_executor>>())
    return is_system_executor(strand->get_inner_executor());
  return executor.target<asio::strand<asio::system_executor>>() != nullptr ||
         is_system_executor<Blocking::possibly_t>(executor) || is_system_executor<Blocking::never_t>(executor) ||
         is_system_executor<Blocking::always_t>(executor);
}

asio::detail::scheduler* scheduler_of(asio::execution_context& context) {
  if (!asio::has_service<asio::detail::scheduler>(context))
    throw Error(errc::unsupported,
                "this executor's context runs no I/O: use the executor of an io_context or a thread_pool");
  return &asio::use_service<asio::detail::scheduler>(context);
}

}  // namespace

void check_has_loop(const asio::any_io_executor& executor) {
  if (!executor) throw Error(errc::invalid_argument, "an empty executor belongs to no loop");
  if (is_system_executor(executor))
    throw Error(errc::unsupported, "system_executor runs no I/O: use the executor of an io_context or a thread_pool");
}

Loop::Loop(const asio::any_io_executor& executor) : context_(nullptr), scheduler_(nullptr) {
  check_has_loop(executor);
  context_ = &asio::query(executor, asio::execution::context);
  scheduler_ = scheduler_of(*context_);
  executor_ = base_of(executor);
  plain_ = executor_.target<PlainLoop>() != nullptr;
}

namespace {

// This thread's own part of a scheduler's figures, null when it is not running it.
struct ThreadInfo : asio::detail::thread_context {
  static asio::detail::scheduler_thread_info* of(asio::detail::scheduler* scheduler) noexcept {
    asio::detail::thread_context* const context = scheduler;
    return static_cast<asio::detail::scheduler_thread_info*>(thread_call_stack::contains(context));
  }
};

}  // namespace

// What a handler posts is counted by its thread alone until the handler ends. The common count must not come to nothing
// before, or the loop stops with that left to do: as long as the thread has counted something, it is taken out there.
void Loop::forget_work() const noexcept {
  auto* const mine = ThreadInfo::of(scheduler_);
  if (mine != nullptr && mine->private_outstanding_work > 0)
    --mine->private_outstanding_work;
  else
    scheduler_->work_finished();
}

namespace {

template <class Executor>
asio::any_io_executor uncounted_executor(Executor executor) {
  return UncountedExecutor<Executor>::around(std::move(executor));
}

}  // namespace

asio::any_io_executor Loop::uncounted() const { return plain_ ? executor_ : uncounted_executor(executor_); }

// Of the context's own type where that is known: small enough for an any_io_executor to hold it in place.
asio::any_io_executor Loop::uncounted_strand() const {
  if (const auto* const loop = executor_.target<PlainLoop>()) return uncounted_executor(asio::make_strand(*loop));
  if (const auto* const threads = executor_.target<PlainThreads>())
    return uncounted_executor(asio::make_strand(*threads));
  return uncounted_executor(asio::make_strand(executor_));
}

bool Loop::any_running_here() noexcept { return asio::detail::thread_context::top_of_thread_call_stack() != nullptr; }

bool Loop::hinted_single() const noexcept { return scheduler_->concurrency_hint() == 1; }

}  // namespace weir::detail
