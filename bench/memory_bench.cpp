// The memory store through AsyncDatabase, and what a coroutine costs over a direct call.
//
//   memory_bench SECONDS        cases mem_create, mem_read, mem_read_2_threads, mem_search, core_co_await, core_direct
#include "backends/immediate_backend.hpp"
#include "backends/memory/memory_backend.hpp"
#include "count_allocations.hpp"
#include "measure.hpp"

#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace asio = boost::asio;

namespace {

constexpr unsigned count = 100'000;

std::string id_of(unsigned number) {
  char text[33];
  std::snprintf(text, sizeof text, "%032x", number);
  return text;
}

weir::Record record_of(unsigned number) {
  weir::Record record;
  record.id = id_of(number);
  record.fields["name"] = "name-" + std::to_string(number);
  record.fields["value"] = number;
  record.fields["score"] = number * 0.5;
  record.fields["active"] = number % 2 == 0;
  return record;
}

std::string per_operation(const char* what, std::uint64_t total, double operations) {
  char text[64];
  std::snprintf(text, sizeof text, ",\"%s\":%.2f", what, static_cast<double>(total) / operations);
  return text;
}

weir::awaitable<void> create_all(weir::AsyncDatabase db) {
  std::vector<weir::Record> records;
  records.reserve(count);
  for (unsigned n = 0; n < count; ++n) records.push_back(record_of(n));
  const bench::Stopwatch watch;
  for (auto& record : records) co_await db.create(std::move(record));
  bench::report("weir", "mem_create", count, watch);
}

weir::awaitable<double> read_for(weir::AsyncDatabase db, double seconds, unsigned seed) {
  bench::KeyPicker pick(seed);
  const bench::Stopwatch watch;
  double reads = 0;
  while (watch.seconds() < seconds) {
    for (int i = 0; i < 1000; ++i) {
      const auto record = co_await db.read(id_of(pick(count)));
      if (!record) std::abort();
    }
    reads += 1000;
  }
  co_return reads;
}

weir::awaitable<void> search_for(weir::AsyncDatabase db, double seconds) {
  bench::KeyPicker pick;
  const bench::Stopwatch watch;
  double searches = 0;
  while (watch.seconds() < seconds) {
    const auto from = pick(count);
    auto found = co_await db.search(weir::Query(weir::field("value").between(from, from + 9)).limit(10));
    if (found.empty()) std::abort();
    ++searches;
  }
  bench::report("weir", "mem_search", searches, watch);
}

weir::awaitable<void> awaited(weir::AsyncDatabase db, double seconds) {
  const std::string absent = "no such record";
  const bench::Stopwatch watch;
  const auto before = bench::allocations();
  double calls = 0;
  while (watch.seconds() < seconds) {
    for (int i = 0; i < 1000; ++i) {
      const bool found = co_await db.exists(absent);
      if (found) std::abort();
    }
    calls += 1000;
  }
  bench::report("weir", "core_co_await", calls, watch,
                per_operation("allocations_op", bench::allocations() - before, calls));
}

void direct(double seconds) {
  weir::memory::MemoryBackend backend(std::make_shared<weir::memory::Store>(), "memory");
  weir::detail::ImmediateBackend& immediate = backend;
  const std::string absent = "no such record";
  const bench::Stopwatch watch;
  double calls = 0;
  while (watch.seconds() < seconds) {
    for (int i = 0; i < 1000; ++i) {
      const std::string id = absent;
      if (immediate.exists_now(id)) std::abort();
    }
    calls += 1000;
  }
  bench::report("weir", "core_direct", calls, watch);
}

template <class T>
T on_a_loop(weir::awaitable<T> work) {
  asio::io_context loop(1);
  auto result = asio::co_spawn(loop, std::move(work), asio::use_future);
  loop.run();
  return result.get();
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  const auto db = on_a_loop(weir::AsyncDatabase::open("memory:"));
  on_a_loop(create_all(db));
  {
    const bench::Stopwatch watch;
    const auto before = bench::allocations();
    const double reads = on_a_loop(read_for(db, seconds, 1));
    bench::report("weir", "mem_read", reads, watch,
                  per_operation("allocations_op", bench::allocations() - before, reads));
  }
  {
    const bench::Stopwatch watch;
    std::atomic<double> reads{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 2; ++t)
      threads.emplace_back([&, t] { reads.fetch_add(on_a_loop(read_for(db, seconds, t + 1))); });
    for (auto& thread : threads) thread.join();
    bench::report("weir", "mem_read_2_threads", reads, watch);
  }
  on_a_loop(search_for(db, seconds));
  on_a_loop(awaited(db, seconds));
  direct(seconds);
}
