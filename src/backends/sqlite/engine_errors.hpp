#pragma once

// What the threads of a file tell those whose jobs did not succeed.

#include "backends/sqlite/job.hpp"

#include <exception>

namespace weir::sqlite {

// Why a job was stopped, as an Error.
std::exception_ptr error_of(Stop reason);

// The exception being handled, as an Error whatever it is. Inside a catch block only.
std::exception_ptr current_error() noexcept;

}  // namespace weir::sqlite
