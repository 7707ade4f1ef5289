// A pool of connections of one's own.
#include "program.hpp"

#include <weir/pool.hpp>

#include <boost/asio/steady_timer.hpp>

#include <memory>

struct Modem {
  int number = 0;
};

class Modems : public weir::ConnectionFactory<Modem> {
 public:
  weir::awaitable<std::unique_ptr<Modem>> connect() override {
    asio::steady_timer dialling(co_await asio::this_coro::executor, std::chrono::milliseconds(1));
    co_await dialling.async_wait(asio::use_awaitable);
    auto modem = std::make_unique<Modem>();
    modem->number = ++made_;
    co_return modem;
  }

 private:
  int made_ = 0;
};

weir::awaitable<void> go() {
  auto* registry = co_await weir::PoolRegistry::current();
  auto factory = std::make_shared<Modems>();
  auto pool = registry->get<Modem>(weir::PoolKey("modem", "tty0"), factory, weir::PoolOptions{}.max_size(2));
  {
    auto lease = co_await pool->acquire();
    CHECK(lease->number == 1);
  }
  {
    auto lease = co_await pool->acquire();
    CHECK(lease->number == 1);
  }
  CHECK(registry->count() == 1 && pool->stats().idle == 1);
}

int main() { return run(go()); }
