// The floor of the memory store: std::unordered_map behind a mutex, of records with the same content, copied out.
//
//   map_floor SECONDS        cases mem_create, mem_read, mem_read_2_threads
#include "../../measure.hpp"

#include <weir/record.hpp>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr unsigned count = 100'000;
std::mutex mutex;
std::unordered_map<std::string, weir::Record> records;

std::string id_of(unsigned number) {
  char text[33];
  std::snprintf(text, sizeof text, "%032x", number);
  return text;
}

double read_for(double seconds, unsigned seed) {
  bench::KeyPicker pick(seed);
  const bench::Stopwatch watch;
  double reads = 0;
  while (watch.seconds() < seconds) {
    for (int i = 0; i < 1000; ++i) {
      const auto id = id_of(pick(count));
      const std::lock_guard lock(mutex);
      const auto found = records.find(id);
      if (found == records.end()) std::abort();
      const weir::Record copy = found->second;
      if (copy.id.empty()) std::abort();
    }
    reads += 1000;
  }
  return reads;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1.0;
  std::vector<weir::Record> made(count);
  for (unsigned n = 0; n < count; ++n) {
    made[n].id = id_of(n);
    made[n].fields["name"] = "name-" + std::to_string(n);
    made[n].fields["value"] = n;
    made[n].fields["score"] = n * 0.5;
    made[n].fields["active"] = n % 2 == 0;
  }
  {
    const bench::Stopwatch watch;
    for (auto& record : made) {
      const std::lock_guard lock(mutex);
      auto id = record.id;
      records.emplace(std::move(id), std::move(record));
    }
    bench::report("unordered_map", "mem_create", count, watch);
  }
  {
    const bench::Stopwatch watch;
    bench::report("unordered_map", "mem_read", read_for(seconds, 1), watch);
  }
  const bench::Stopwatch watch;
  std::atomic<double> reads{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 2; ++t) threads.emplace_back([&, t] { reads.fetch_add(read_for(seconds, t + 1)); });
  for (auto& thread : threads) thread.join();
  bench::report("unordered_map", "mem_read_2_threads", reads, watch);
}
