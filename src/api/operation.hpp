#pragma once

#include "api/database_handle.hpp"

#include <weir/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace weir::detail {

/// What every operation does first and, when it fails, last.
class Operation {
 public:
  /// Throws `invalid_argument` for an empty handle and `pool_closed` for a closed one.
  Operation(const HandlePointer& handle, std::string_view name);

  /// The context that passes down. `timeout` is the call's own, if any. Reads the clock only when there is a limit.
  CallContext context(std::optional<std::chrono::milliseconds> timeout = {}) const;
  Backend& backend() const { return *handle_->state->backend; }
  ImmediateBackend* immediate() const { return handle_->state->immediate; }
  InlineReads* inline_reads() const { return handle_->state->inline_reads; }
  const Capabilities& capabilities() const { return handle_->state->capabilities; }
  const HandlePointer& handle() const { return handle_; }

  /// To be called inside a catch handler: the current exception as a weir::Error that says where it happened.
  [[noreturn]] void rethrow() const { rethrow_within(handle_->state->name, name_, handle_->state->endpoint); }
  static Error translate(std::exception_ptr error, std::string_view backend, std::string_view operation,
                         std::string_view endpoint);
  [[noreturn]] static void rethrow_within(std::string_view backend, std::string_view operation,
                                          std::string_view endpoint);

 private:
  const HandlePointer& handle_;
  std::string_view name_;
};

/// Whether an operation that never suspends should let others run first. A coroutine that awaits only such operations
/// would keep its loop for ever: timers would not fire, a cancellation would not arrive. Counted per thread, as tokio's
/// task budget is, so that it costs a decrement.
bool turn_is_over() noexcept;

}  // namespace weir::detail

/// Lets the loop run something else now and then; a macro because it must not cost a coroutine frame.
#define WEIR_TAKE_TURNS() \
  if (::weir::detail::turn_is_over()) co_await ::boost::asio::post(::boost::asio::use_awaitable)
