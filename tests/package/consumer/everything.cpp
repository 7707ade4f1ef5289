// Links weir::weir: every backend that was built opens without further ado.
#include "program.hpp"

weir::awaitable<void> work() {
  co_await round_trip("memory:");
  co_await round_trip("sqlite::memory:");
}

int main() { return run(work()); }
