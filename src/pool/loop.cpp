#include "pool/loop.hpp"

#include <weir/error.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

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

asio::detail::scheduler* scheduler_of(asio::execution_context& context) {
  if (&context == &asio::query(asio::system_executor(), asio::execution::context))
    throw Error(errc::unsupported, "system_executor runs no I/O: use the executor of an io_context or a thread_pool");
  if (!asio::has_service<asio::detail::scheduler>(context))
    throw Error(errc::unsupported,
                "this executor's context runs no I/O: use the executor of an io_context or a thread_pool");
  return &asio::use_service<asio::detail::scheduler>(context);
}

}  // namespace

Loop::Loop(const asio::any_io_executor& executor) : context_(nullptr), scheduler_(nullptr) {
  if (!executor) throw Error(errc::invalid_argument, "an empty executor belongs to no loop");
  context_ = &asio::query(executor, asio::execution::context);
  scheduler_ = scheduler_of(*context_);
  executor_ = base_of(executor);
  plain_ = executor_.target<PlainLoop>() != nullptr;
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
