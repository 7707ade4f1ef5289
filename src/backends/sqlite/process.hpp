#pragma once

// A child made by fork has none of its parent's threads: what the parent opened cannot be used there, nor be taken
// apart.

#include <cstdint>

namespace weir::sqlite {

// Another number in every process that came out of a fork.
std::uint64_t process_generation() noexcept;

class Engine;
// Throws Error unavailable when the engine is the parent's.
void check_process(const Engine* engine);

}  // namespace weir::sqlite
