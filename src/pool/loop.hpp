#pragma once

/// The one place that looks behind an executor: which scheduler runs it, whether this thread is running it, how many
/// threads it was made for, and the trick by which a background wait does not keep it alive. Written against Boost 1.81
/// and later, where io_context and thread_pool both run on `asio::detail::scheduler`.

#include <weir/export.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/version.hpp>

#include <type_traits>
#include <utility>

#if BOOST_VERSION < 108100
#error "weir needs Boost 1.81 or newer"
#endif

namespace weir::detail {

/// Throws `invalid_argument` for an empty executor and `unsupported` for a system executor, whose context is not even
/// asked for.
WEIR_API void check_has_loop(const boost::asio::any_io_executor& executor);

class WEIR_API Loop {
 public:
  /// Throws `unsupported` for a context that runs no I/O.
  explicit Loop(const boost::asio::any_io_executor& executor);

  /// The context's own executor, also when a strand's was given.
  const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  boost::asio::execution_context& context() const noexcept { return *context_; }
  /// The same, counting nothing but operations and handlers, each once; and a strand of it.
  boost::asio::any_io_executor uncounted() const;
  boost::asio::any_io_executor uncounted_strand() const;
  /// It is an io_context's own executor, on which a coroutine counts as one piece of work and an operation as another.
  bool counts_plainly() const noexcept { return plain_; }
  /// This thread is inside the loop's `run`.
  bool running_here() const noexcept { return scheduler_->can_dispatch(); }
  /// Some loop is being run on this thread, ours or another.
  static bool any_running_here() noexcept;
  /// The context was made for one thread: io_context(1).
  bool hinted_single() const noexcept;

  /// Background work. What was started and would keep `run` from returning is taken out of the count right after it was
  /// started, from within a handler of the loop; its handler puts it back before it does anything else.
  void forget_work() const noexcept;
  void remember_work() const noexcept { scheduler_->work_started(); }

 private:
  boost::asio::execution_context* context_;
  boost::asio::detail::scheduler* scheduler_;
  boost::asio::any_io_executor executor_;
  bool plain_ = false;
};

/// An executor that counts no work of its own: what runs on it counts only as an operation under way, or as a handler
/// that is queued or running. Elsewhere than on a plain io_context Asio counts each operation twice, and every
/// coroutine.
template <class Inner>
class UncountedExecutor {
 public:
  /// Not a constructor with one argument: an any_io_executor can be made of this class, and clang would ask whether
  /// that makes a copy, for ever.
  static UncountedExecutor around(Inner inner) noexcept { return {std::move(inner), Tag{}}; }

  template <class F>
  void execute(F&& f) const {
    inner_.execute(std::forward<F>(f));
  }
  boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
    return boost::asio::query(inner_, boost::asio::execution::context);
  }
  auto require(boost::asio::execution::blocking_t::never_t property) const {
    using Other = std::decay_t<decltype(boost::asio::require(inner_, property))>;
    return UncountedExecutor<Other>::around(boost::asio::require(inner_, property));
  }
  friend bool operator==(const UncountedExecutor& a, const UncountedExecutor& b) noexcept {
    return a.inner_ == b.inner_;
  }
  friend bool operator!=(const UncountedExecutor& a, const UncountedExecutor& b) noexcept { return !(a == b); }

 private:
  struct Tag {};
  UncountedExecutor(Inner inner, Tag) noexcept : inner_(std::move(inner)) {}

  Inner inner_;
};

}  // namespace weir::detail
