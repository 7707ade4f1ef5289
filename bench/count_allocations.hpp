#pragma once

// Programs that are linked with count_allocations.cpp have an operator new of their own, which counts.

#include <cstdint>

namespace bench {

/// How often operator new was called in this process so far, by any thread.
std::uint64_t allocations() noexcept;

}  // namespace bench
