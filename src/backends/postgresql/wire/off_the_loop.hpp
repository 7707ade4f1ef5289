#pragma once

// Work that may block: libpq reads files (certificates, passwords, services) while it connects, and computes for
// milliseconds to sign in.

#include "backends/postgresql/wire/request.hpp"

#include <weir/awaitable.hpp>

#include <functional>

namespace weir::postgres {

// Runs it on a thread that is no loop's, and goes on where it was awaited; throws what it throws. At the deadline, or
// cancelled, it is left to itself: it must own what it uses.
awaitable<void> off_the_loop(std::function<void()> work, Clock::time_point deadline, Error late);

}  // namespace weir::postgres
