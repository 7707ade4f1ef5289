#include "pool/closing.hpp"

#include "pool/latch.hpp"
#include "pool/loop_record.hpp"

#include <weir/registry.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace weir::detail {

awaitable<void> close_drivers(std::vector<std::shared_ptr<PoolDriver>> drivers,
                              std::optional<std::chrono::milliseconds> drain) {
  if (drain && drain->count() < 0) throw Error(errc::invalid_argument, "close: drain is negative");
  if (drivers.empty()) co_return;
  const auto executor = co_await boost::asio::this_coro::executor;
  auto& record = LoopRecord::of(PoolRegistry::of(executor));
  const auto latch = std::make_shared<Latch>(record, drivers.size());
  record.add_latch(latch);
  const auto now = Clock::now();
  auto last = now;
  for (const auto& driver : drivers) {
    const auto deadline = now + drain.value_or(driver->options().drain_timeout());
    last = std::max(last, deadline);
    const auto until_closed = std::make_shared<CountDown>(latch);
    driver->on_loop([=](PoolDriver& there) { there.begin_close(deadline, until_closed); });
  }
  // A little more than the pools have themselves: a loop that nobody runs does not answer at all.
  co_await Latch::wait(latch, last + std::chrono::milliseconds{100});
}

awaitable<bool> close_and_tell(std::vector<std::shared_ptr<PoolDriver>> drivers) {
  const bool any = !drivers.empty();
  co_await close_drivers(std::move(drivers), std::nullopt);
  co_return any;
}

}  // namespace weir::detail
