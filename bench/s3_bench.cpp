// weir::s3::Client against a server on this machine that does nothing else (peers/net/null_server.cpp), and the
// signature by itself.
//
//   s3_bench sign SECONDS
//   s3_bench get|put PORT TASKS SECONDS        objects of 1 KiB, signed
//   s3_bench puts PORT TASKS                   100 PUTs of 1 KiB, from the first connect on
//   s3_bench stream PORT TASKS                 one listing of 1,000 keys, then a GET of each
//   s3_bench single|batch|records PORT [POOL]  through AsyncDatabase: one create, a create_batch of 100, a stream of
//                                              1,000 records; with so many connections at most, from the first on
//   s3_bench list PORT SECONDS                 10 pages of 1,000 keys
//   s3_bench upload|upload_stream|download PORT MEBIBYTES    in parts of 8 MiB, 16 in flight; upload_stream from a
//                                              source that makes it piece by piece
//   s3_bench faults PORT                       10,000 GETs, 64 tasks
//
// With BENCH_S3_BUCKET (and BENCH_S3_KEY, BENCH_S3_SECRET) get, put, upload and download go to a real store, to the
// same 64 objects, which are put there first.
#include "backends/s3/signer.hpp"
#include "count_allocations.hpp"
#include "measure.hpp"

#include <weir/s3.hpp>
#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

const char* setting(const char* name, const char* otherwise) {
  const char* const given = std::getenv(name);
  return given == nullptr ? otherwise : given;
}

struct Work {
  weir::s3::Client client;
  const bool real = std::getenv("BENCH_S3_BUCKET") != nullptr;
  std::string mode;
  std::string body = std::string(1024, 'x');
  Clock::time_point stop;
  std::uint64_t operations = 0;
  std::uint64_t large = 0;
  std::uint64_t most = UINT64_MAX;
  std::uint64_t failed = 0;
};

weir::awaitable<void> ask(Work* work) {
  while (Clock::now() < work->stop && work->operations < work->most) {
    ++work->operations;
    const auto key = "b/" + std::to_string(work->real ? work->operations % 64 : work->operations);
    if (work->mode == "get")
      co_await work->client.get(key);
    else
      co_await work->client.put_view(key, work->body);
  }
}

weir::awaitable<void> list_all(Work* work) {
  while (Clock::now() < work->stop && work->operations < work->most) {
    weir::s3::ListOptions options;
    do {
      const auto page = co_await work->client.list(options);
      options.continue_from(page.next);
    } while (!options.continue_from().empty());
    ++work->operations;
  }
}

weir::awaitable<void> put_first(Work* work) {
  if (work->mode == "get")
    for (int i = 0; i < 64; ++i) co_await work->client.put_view("b/" + std::to_string(i), work->body);
  if (work->mode == "download") co_await work->client.put_view("large", work->body);
}

class Nowhere final : public weir::s3::ObjectSink {
 public:
  weir::awaitable<void> write(std::span<const char> bytes) override {
    size += bytes.size();
    co_return;
  }
  std::uint64_t size = 0;
};

class Made final : public weir::http::BodySource {
 public:
  explicit Made(std::uint64_t size) : size_(size), left_(size), piece_(std::size_t{256} << 10U, 'x') {}
  weir::awaitable<std::span<const char>> next() override {
    const auto count = std::min<std::uint64_t>(left_, piece_.size());
    left_ -= count;
    co_return std::span<const char>(piece_.data(), static_cast<std::size_t>(count));
  }
  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  const std::uint64_t size_;
  std::uint64_t left_;
  const std::string piece_;
};

weir::awaitable<void> transfer(Work* work) {
  if (work->mode == "upload_stream") {
    auto source = std::make_shared<Made>(work->large);
    co_await work->client.put_stream("large", source);
    work->operations = work->large;
    co_return;
  }
  if (work->mode == "upload") {
    const std::string_view body = work->body;
    co_await work->client.put_view("large", body);
    work->operations = body.size();
  } else {
    auto sink = std::make_shared<Nowhere>();
    co_await work->client.download("large", sink);
    work->operations = sink->size;
  }
}

weir::awaitable<void> get_keys(Work* work, std::vector<std::string>* keys) {
  while (!keys->empty()) {
    const auto key = std::move(keys->back());
    keys->pop_back();
    const auto found = co_await work->client.get(key);
    if (!found) std::abort();
    ++work->operations;
  }
}

weir::awaitable<void> list_and_get(Work* work, int tasks) {
  const weir::s3::ListOptions first;
  const auto page = co_await work->client.list(first);
  std::vector<std::string> keys;
  for (const auto& object : page.objects) keys.push_back(object.key);
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer done(executor, boost::asio::steady_timer::time_point::max());
  int left = tasks;
  const auto ended = [&](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    if (--left == 0) done.cancel();
  };
  for (int i = 0; i < tasks; ++i) boost::asio::co_spawn(executor, get_keys(work, &keys), ended);
  boost::system::error_code woken;
  co_await done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

// 10,000 in all; what fails is counted.
weir::awaitable<void> ask_ten_thousand(Work* work) {
  while (work->operations < 10'000) {
    ++work->operations;
    const auto key = "b/" + std::to_string(work->operations);
    try {
      const auto found = co_await work->client.get(key);
      if (!found || found->body.size() != 1024) ++work->failed;
    } catch (const weir::Error&) {
      ++work->failed;
    }
  }
}

weir::Record record(int number) {
  return weir::Record().with_id(std::to_string(number)).set("name", "name-1").set("text", std::string(900, 'x'));
}

weir::awaitable<void> use_database(Work* work, std::string url) {
  auto db = co_await weir::AsyncDatabase::open(url);
  const bench::Stopwatch watch;
  if (work->mode == "single") {
    co_await db.create(record(0));
    work->operations = 1;
  } else if (work->mode == "batch") {
    std::vector<weir::Record> records;
    for (int i = 0; i < 100; ++i) records.push_back(record(i));
    const auto result = co_await db.create_batch(std::move(records));
    work->operations = result.succeeded();
  } else {
    auto records = db.stream(weir::Query{});
    while (co_await records.next()) ++work->operations;
  }
  bench::report("weir", "s3_" + work->mode, static_cast<double>(work->operations), watch,
                ",\"total_ms\":" + std::to_string(watch.seconds() * 1e3));
  co_await db.close();
}

void run(boost::asio::io_context& io, weir::awaitable<void> task) {
  boost::asio::co_spawn(io, std::move(task), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
}

void sign(double seconds) {
  const weir::s3::SigningKey key("secret", "20260101", "us-east-1", "s3");
  const std::vector<weir::s3::SignedField> fields{{"host", "bucket.s3.us-east-1.amazonaws.com"},
                                                  {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"},
                                                  {"x-amz-date", "20260101T000000Z"}};
  const bench::Stopwatch watch;
  std::uint64_t operations = 0;
  std::size_t sink = 0;
  while (watch.seconds() < seconds)
    for (int i = 0; i < 100; ++i) {
      const auto path = "/data/" + std::to_string(operations++);
      const weir::s3::Signable what{"PUT", path, "", fields, "UNSIGNED-PAYLOAD"};
      sink += weir::s3::authorization(key, "access", what, "20260101T000000Z").size();
    }
  bench::report("weir", "sigv4_sign", static_cast<double>(operations), watch,
                ",\"bytes\":" + std::to_string(sink % 7) +
                    ",\"us_op\":" + std::to_string(watch.seconds() / static_cast<double>(operations) * 1e6));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  Work work;
  work.mode = arguments[1];
  const auto& mode = work.mode;
  if (mode == "sign") {
    sign(std::atof(arguments[2]));
    return 0;
  }
  boost::asio::io_context io(1);
  const std::string address = std::string("http://127.0.0.1:") + arguments[2];
  if (mode == "single" || mode == "batch" || mode == "records") {
    const std::string pool = count > 3 ? std::string("&max_size=") + arguments[3] + "&concurrency=" + arguments[3] : "";
    run(io, use_database(&work, "s3://bucket?region=us-east-1&access_key_id=key&secret_access_key=secret&proxy=off" +
                                    pool + "&endpoint_url=" + address));
    io.run();
    return 0;
  }
  const double third = count > 3 ? std::atof(arguments[3]) : 0;
  const bool timed = mode == "get" || mode == "put";
  const int tasks = timed || mode == "puts" || mode == "stream" ? static_cast<int>(third) : mode == "faults" ? 64 : 1;
  weir::s3::ClientOptions options;
  options.endpoint_url(address)
      .access_key_id(setting("BENCH_S3_KEY", "key"))
      .secret_access_key(setting("BENCH_S3_SECRET", "secret"));
  // Room for all 16 parts in flight: what else is held while an earlier part is still on its way would wait.
  options.region("us-east-1")
      .concurrency(16)
      .memory_limit(std::uint64_t{17} * (8U << 20U))
      .checksums(mode.starts_with("upload"));
  const auto connections = timed || mode == "stream" || mode == "faults" ? tasks : 128;
  const auto pool = weir::http::ClientOptions::default_pool().max_size(static_cast<unsigned>(connections));
  options.http(weir::http::ClientOptions{}.proxy("off").pool(pool));
  work.client = weir::s3::Client(setting("BENCH_S3_BUCKET", "bucket"), options);
  const auto begin = [&](double seconds) {
    work.operations = 0;
    work.stop = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    if (mode == "list")
      run(io, list_all(&work));
    else if (mode.starts_with("upload") || mode == "download")
      run(io, transfer(&work));
    else if (mode == "stream")
      run(io, list_and_get(&work, tasks));
    else
      for (int i = 0; i < tasks; ++i) run(io, mode == "faults" ? ask_ten_thousand(&work) : ask(&work));
    io.restart();
    io.run();
  };
  work.large = static_cast<std::uint64_t>(third) << 20U;
  if (work.real) {
    if (mode == "download") work.body.assign(static_cast<std::size_t>(work.large), 'x');
    run(io, put_first(&work));
    io.run();
    work.body = std::string(1024, 'x');
  }
  if (timed) {
    work.most = 2'000;
    begin(60);
    work.most = bench::most_operations();
  }
  if (mode == "list") work.most = bench::most_operations();
  if (mode == "puts") work.most = 100;
  if (mode == "upload") work.body.assign(static_cast<std::size_t>(third) << 20U, 'x');
  const double seconds = timed && count > 4 ? std::atof(arguments[4]) : mode == "list" ? third : 60;
  const auto before = bench::allocations();
  const bench::Stopwatch watch;
  begin(bench::seconds_for(seconds));
  const auto allocated = static_cast<double>(bench::allocations() - before) / static_cast<double>(work.operations);
  auto more = ",\"total_ms\":" + std::to_string(watch.seconds() * 1e3);
  if (mode == "faults")
    more += ",\"failed\":" + std::to_string(work.failed) +
            ",\"retries\":" + std::to_string(work.client.client_stats().retries);
  if (mode.starts_with("upload") || mode == "download") {
    const auto bytes = static_cast<double>(work.operations);
    more += ",\"MB_s\":" + std::to_string(bytes / watch.seconds() / 1e6) +
            ",\"cpu_s_GB\":" + std::to_string(watch.cpu_seconds() / (bytes / 1e9)) +
            ",\"most_MiB\":" + std::to_string(bench::most_memory_mib());
  }
  if (timed) more += ",\"allocations_op\":" + std::to_string(allocated);
  bench::report("weir", "s3_" + mode, static_cast<double>(work.operations), watch, more);
  return 0;
}
