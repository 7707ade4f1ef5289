// Without coroutines: any completion token through co_spawn. Results are default-constructible, as co_spawn requires.
#include "program.hpp"

#include <optional>
#include <string>

int main() {
  asio::io_context loop(1);
  std::optional<weir::AsyncDatabase> db;
  asio::co_spawn(loop, weir::AsyncDatabase::open(std::string("memory:")),
                 [&](std::exception_ptr, weir::AsyncDatabase opened) { db = std::move(opened); });
  loop.run();

  loop.restart();
  bool stored = false;
  asio::co_spawn(loop, db->create(weir::Record{}.set("a", 1)),
                 [&](std::exception_ptr error, std::string id) { stored = !error && !id.empty(); });
  loop.run();
  CHECK(stored);
  std::puts("ok");
}
