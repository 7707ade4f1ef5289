// In a file of its own: where g++ 12 sees both a call of `new` and this definition of `delete`, it warns of a mismatch
// that is none (-Wmismatched-new-delete).
#include "count_allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::uint64_t> count{0};
}

void* operator new(std::size_t size) {
  count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

std::uint64_t bench::allocations() noexcept { return count.load(std::memory_order_relaxed); }
