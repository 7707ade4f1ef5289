// How fast, on generated records: written as a stream, read by id, searched, counted, streamed, copied on several
// loops.
//
//   a_million URL [RECORDS]        a_million "sqlite:people.db?index=country,age"
#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <random>
#include <string>

namespace asio = boost::asio;
using weir::field;
using weir::Query;

constexpr std::array countries{"AR", "BR", "CA", "DE", "EG", "FR", "IN", "JP",
                               "KE", "MX", "NG", "NZ", "PL", "SE", "US", "VN"};

std::string id_of(std::uint64_t number) {
  auto digits = std::to_string(number);
  return "person-" + std::string(9 - digits.size(), '0') + digits;
}

weir::Record person(std::uint64_t number, std::mt19937_64& random) {
  weir::Record record;
  record.with_id(id_of(number));
  record.set("name", "Person number " + std::to_string(number));
  record.set("age", static_cast<int>(random() % 100));
  record.set("country", countries[random() % countries.size()]);
  record.set("address.street", "Street " + std::to_string(random() % 5000));
  record.set("balance", static_cast<double>(random() % 1000000) / 100.0);
  return record;
}

// Prints one line for each step: what was done, how many, how long, how many a second.
class Report {
 public:
  void step(const char* what, std::uint64_t count, const char* unit) {
    const auto now = std::chrono::steady_clock::now();
    const auto seconds = std::chrono::duration<double>(now - last_).count();
    std::printf("  %-44s %9llu %-8s %8.3f s %12.0f /s\n", what, static_cast<unsigned long long>(count), unit, seconds,
                static_cast<double>(count) / seconds);
    std::fflush(stdout);
    last_ = std::chrono::steady_clock::now();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

weir::awaitable<int> measure(std::string url, std::uint64_t records) {
  auto db = co_await weir::AsyncDatabase::open(url);
  std::mt19937_64 random(1);
  Report report;

  std::uint64_t made = 0;
  auto generate = [&]() -> weir::awaitable<std::optional<weir::Record>> {
    if (made == records) co_return std::nullopt;
    co_return person(made++, random);
  };
  auto stream = weir::RecordStream::from(generate);
  auto written = co_await db.write(std::move(stream), weir::WriteStreamOptions{}.on_conflict(weir::OnConflict::upsert));
  report.step("written as a stream", written.written, "records");

  const std::uint64_t reads = 20000;
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < reads; ++i) {
    auto record = co_await db.read(id_of(random() % records));
    found += record ? 1 : 0;
  }
  report.step("read by id, one after another", found, "records");

  const std::uint64_t searches = 100;
  std::uint64_t hits = 0;
  for (std::uint64_t i = 0; i < searches; ++i) {
    auto query = Query{}
                     .where(field("country") == countries[i % countries.size()] && field("age") >= 90)
                     .order_by("age")
                     .limit(10);
    auto rows = co_await db.search(query);
    hits += rows.size();
  }
  report.step("searches: country and age, ordered, 10 rows", searches, "searches");

  auto adults = co_await db.count(Query{}.where(field("age").between(18, 30) && field("country") == "NZ"));
  report.step("counted by age and country", adults, "matches");

  std::uint64_t streamed = 0;
  auto everybody = db.stream();
  for (auto batch = co_await everybody.next_batch(); !batch.empty(); batch = co_await everybody.next_batch())
    streamed += batch.size();
  report.step("streamed", streamed, "records");

  co_await db.close();
  const bool complete = written.written == records && found == reads && streamed == records && hits > 0;
  co_return complete ? 0 : 1;
}

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s URL [RECORDS]\n", argv[0]);
    return 2;
  }
  const std::uint64_t records = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000000;
  asio::io_context loop(1);
  auto status = asio::co_spawn(loop, measure(argv[1], records), asio::use_future);
  loop.run();
  return status.get();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
