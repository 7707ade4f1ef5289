#pragma once

#include <weir/error.hpp>

#include <exception>

namespace weir::detail {

/// What a factory's `connect` threw, as an Error: its own as it is, others as `connect_failed`.
Error connect_error(const std::exception_ptr& failure, bool timed_out);

}  // namespace weir::detail
