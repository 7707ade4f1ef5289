// Links weir::core: a backend that is not linked is refused, and the text says what to link.
#include "program.hpp"

weir::awaitable<void> work() {
  co_await round_trip("memory:");
  std::string refusal;
  try {
    co_await weir::AsyncDatabase::open("sqlite::memory:");
  } catch (const weir::Error& error) {
    require(error.code() == weir::errc::unsupported, "another error than unsupported");
    refusal = error.what();
  }
  require(refusal.find("weir::sqlite") != std::string::npos, "the error does not name the component weir::sqlite");
}

int main() { return run(work()); }
