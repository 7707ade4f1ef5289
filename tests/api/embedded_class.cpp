// An existing program with its own loop, strand and callbacks, and a class that keeps the handle as a member.
#include "program.hpp"

#include <boost/asio/strand.hpp>

#include <memory>
#include <string>

class Game {
 public:
  Game(asio::io_context& loop, weir::AsyncDatabase db) : strand_(asio::make_strand(loop)), db_(std::move(db)) {}

  void save(std::string player, int score) {
    asio::co_spawn(strand_, db_.upsert(weir::Record{}.with_id(std::move(player)).set("score", score)),
                   [this](std::exception_ptr error, std::string) { saved_ += !error; });
  }
  int saved() const { return saved_; }

 private:
  asio::strand<asio::io_context::executor_type> strand_;
  const weir::AsyncDatabase db_;
  int saved_ = 0;
};

weir::awaitable<void> go(asio::io_context& loop) {
  auto db = co_await weir::AsyncDatabase::open("memory:");
  auto game = std::make_shared<Game>(loop, db);
  game->save("p1", 3);
  game->save("p2", 4);
  for (int i = 0; i < 20; ++i) co_await db.exists("p1");
  CHECK(game->saved() == 2);
}

int main() {
  asio::io_context loop(1);
  bool finished = false;
  asio::co_spawn(loop, go(loop), [&](std::exception_ptr error) { finished = !error; });
  loop.run();
  CHECK(finished);
  std::puts("ok");
}
