#pragma once

// How an answer gets to the coroutine that waits for it.

#include "pool/loop.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace weir::postgres {

// Of a coroutine that waits.
using WaitHandler = boost::asio::async_result<boost::asio::use_awaitable_t<>, void()>::handler_type;

// `inside`: this thread runs the loop, and nothing of the caller's is held that the coroutine might want.
inline void deliver_to(WaitHandler&& handler, const weir::detail::Loop& loop,
                       const boost::asio::any_io_executor& otherwise, bool inside) {
  if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
  const auto executor = boost::asio::get_associated_executor(handler, otherwise);
  const auto* const plain = executor.target<boost::asio::io_context::executor_type>();
  if (!inside || plain == nullptr || &plain->context() != &loop.context()) {
    boost::asio::dispatch(executor, std::move(handler));
    return;
  }
  // What dispatch comes to, without its two layers of type erasure.
  try {
    handler();
  } catch (...) {
    boost::asio::post(executor, [thrown = std::current_exception()] { std::rethrow_exception(thrown); });
  }
}

}  // namespace weir::postgres
