#pragma once

// What the threads of a file tell those whose jobs did not succeed.

#include "backends/sqlite/job.hpp"

#include <exception>

namespace weir::sqlite {

// Why a job was stopped, as an Error.
std::exception_ptr error_of(Stop reason);

// The exception being handled, as an Error whatever it is. Inside a catch block only.
std::exception_ptr current_error() noexcept;

// The same error for one more job: an exception is given to one thread only.
std::exception_ptr copy_of(const std::exception_ptr& error) noexcept;

// The same error, saying that a part of the work may be stored.
std::exception_ptr as_maybe_applied(const std::exception_ptr& error) noexcept;

}  // namespace weir::sqlite
