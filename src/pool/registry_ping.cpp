#include "pool/latch.hpp"
#include "pool/loop_record.hpp"

#include <weir/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

namespace weir {

namespace asio = boost::asio;
using detail::Latch;
using detail::LoopRecord;
using detail::PoolDriver;

namespace {

using Answers = std::shared_ptr<std::vector<PoolHealth>>;

awaitable<void> ping_one(std::shared_ptr<PoolDriver> driver, Answers answers, std::size_t index,
                         std::shared_ptr<Latch> latch) {
  auto& answer = (*answers)[index];
  try {
    answer.round_trip = co_await detail::ping(driver);
    answer.reachable = true;
  } catch (const std::exception& failure) {
    answer.error = failure.what();
  }
  latch->count_down();
}

awaitable<std::vector<PoolHealth>> ping_all(PoolRegistry& registry) {
  const auto executor = co_await asio::this_coro::executor;
  if (&PoolRegistry::of(executor) != &registry)
    throw Error(errc::invalid_argument, "a registry pings the pools of its own loop and was asked from another");
  auto& record = LoopRecord::of(registry);
  std::vector<std::shared_ptr<PoolDriver>> drivers;
  {
    const std::lock_guard lock(record.mutex());
    for (const auto& [key_and_type, entry] : record.pools()) drivers.push_back(entry.driver);
  }
  const auto answers = std::make_shared<std::vector<PoolHealth>>(drivers.size());
  const auto latch = std::make_shared<Latch>(record, drivers.size());
  record.add_latch(latch);
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    (*answers)[i].key = drivers[i]->pool_key().to_string();
    (*answers)[i].digest = drivers[i]->pool_key().digest();
    asio::co_spawn(executor, ping_one(drivers[i], answers, i, latch), asio::detached);
  }
  co_await Latch::wait(latch, detail::never);
  co_return std::move(*answers);
}

}  // namespace

awaitable<std::vector<PoolHealth>> PoolRegistry::ping() { return ping_all(*this); }

}  // namespace weir
