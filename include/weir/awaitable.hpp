#pragma once

/// @file
/// What every operation of weir returns.

#include <boost/asio/awaitable.hpp>

namespace weir {

/// Every operation runs on the executor of the coroutine that awaits it, honours per-operation cancellation and never
/// blocks the loop. Callers without coroutines: `boost::asio::co_spawn(executor, db.search(query), any_token)`.
template <class T>
using awaitable = boost::asio::awaitable<T>;

}  // namespace weir
