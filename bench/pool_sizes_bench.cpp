// pool-2: one workload over pools of several sizes, and what the pool itself recommends from what it measured.
//
//   pool_sizes_bench SECONDS
//     pool_size_MAX_MIN    20 tasks ask one question after the other, each holds a connection for 2 ms and thinks for 1
//     ms pool_recommendation  the smallest size with 98 % of the best throughput, and recommended_max of the three
//     pools
#include "measure.hpp"

#include <weir/pool.hpp>
#include <weir/registry.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int tasks = 20;

struct Connection {};

class Connections : public weir::ConnectionFactory<Connection> {
 public:
  weir::awaitable<std::unique_ptr<Connection>> connect() override {
    asio::steady_timer handshake(co_await asio::this_coro::executor, 3ms);
    co_await handshake.async_wait(asio::use_awaitable);
    co_return std::make_unique<Connection>();
  }
};

using Pool = weir::Pool<Connection>;
using Clock = std::chrono::steady_clock;

struct Measured {
  std::vector<double> waits, latencies;  // microseconds
};

double microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

weir::awaitable<void> ask(std::shared_ptr<Pool> pool, Clock::time_point end, Measured& measured) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (Clock::now() < end) {
    const auto begin = Clock::now();
    {
      auto lease = co_await pool->acquire();
      measured.waits.push_back(microseconds(Clock::now() - begin));
      timer.expires_after(2ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    measured.latencies.push_back(microseconds(Clock::now() - begin));
    timer.expires_after(1ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + index, values.end());
  return values[static_cast<std::size_t>(index)];
}

struct Result {
  double per_second;
  std::uint64_t recommended;
};

Result measure(unsigned max, unsigned min, double seconds) {
  asio::io_context loop(1);
  auto pool = weir::PoolRegistry::of(loop.get_executor())
                  .get<Connection>(weir::PoolKey("bench", "here"), std::make_shared<Connections>(),
                                   weir::PoolOptions{}.max_size(max).min_size(min).max_connecting(4));
  Measured measured;
  const bench::Stopwatch watch;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (int i = 0; i < tasks; ++i) asio::co_spawn(loop, ask(pool, end, measured), asio::detached);
  loop.run();
  const auto stats = pool->stats();
  char more[160];
  std::snprintf(more, sizeof more,
                ",\"p99_us\":%.0f,\"wait_p50_us\":%.0f,\"wait_p99_us\":%.0f,\"recommended_max\":%llu",
                percentile(measured.latencies, 0.99), percentile(measured.waits, 0.5), percentile(measured.waits, 0.99),
                static_cast<unsigned long long>(stats.recommended_max));
  const auto operations = static_cast<double>(measured.latencies.size());
  bench::report("weir", "pool_size_" + std::to_string(max) + "_" + std::to_string(min), operations, watch, more);
  return {operations / watch.seconds(), stats.recommended_max};
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  std::vector<std::pair<unsigned, double>> sizes;
  std::vector<std::uint64_t> recommended;
  for (const auto& [max, min] : {std::pair{5U, 1U}, {20U, 5U}, {50U, 10U}}) {
    const auto result = measure(max, min, seconds);
    sizes.emplace_back(max, result.per_second);
    recommended.push_back(result.recommended);
  }
  for (const unsigned max : {8U, 11U, 14U, 17U, 25U}) sizes.emplace_back(max, measure(max, 1, seconds).per_second);
  std::sort(sizes.begin(), sizes.end());
  double most = 0;
  for (const auto& [size, per_second] : sizes) most = std::max(most, per_second);
  const auto best =
      std::find_if(sizes.begin(), sizes.end(), [&](const auto& entry) { return entry.second >= 0.98 * most; })->first;
  double worst = 1;
  for (const auto value : recommended) {
    const double ratio = static_cast<double>(value) / best;
    worst = std::max({worst, ratio, 1 / ratio});
  }
  std::printf(
      "{\"peer\":\"weir\",\"case\":\"pool_recommendation\",\"best_size\":%u,\"recommended_from_5\":%llu,"
      "\"recommended_from_20\":%llu,\"recommended_from_50\":%llu,\"off_by_factor\":%.2f}\n",
      best, static_cast<unsigned long long>(recommended[0]), static_cast<unsigned long long>(recommended[1]),
      static_cast<unsigned long long>(recommended[2]), worst);
}
