#pragma once

// Waiting for libpq's socket. It is lent to the reactor for the time of one wait only: libpq may close it and open
// another.

#include "backends/postgresql/wire/request.hpp"

#include <weir/awaitable.hpp>
#include <weir/error.hpp>

#include <boost/asio/any_io_executor.hpp>

namespace weir::postgres {

enum class WaitFor { readable, writable };

// Throws `late` when the deadline passes first, and operation_aborted when it is cancelled.
awaitable<void> wait_for(boost::asio::any_io_executor executor, int descriptor, WaitFor what,
                         Clock::time_point deadline, Error late);

}  // namespace weir::postgres
