// weir::s3::Client against a server on this machine that does nothing else (peers/net/null_server.cpp), and the
// signature by itself.
//
//   s3_bench sign SECONDS
//   s3_bench get|put PORT TASKS SECONDS        objects of 1 KiB, signed
//   s3_bench puts PORT TASKS                   100 PUTs of 1 KiB, from the first connect on
//   s3_bench list PORT SECONDS                 10 pages of 1,000 keys
//   s3_bench upload|download PORT MEBIBYTES    in parts of 8 MiB, 16 in flight
#include "backends/s3/signer.hpp"
#include "measure.hpp"

#include <weir/s3.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Work {
  weir::s3::Client client;
  std::string mode;
  std::string body = std::string(1024, 'x');
  Clock::time_point stop;
  std::uint64_t operations = 0;
  std::uint64_t most = UINT64_MAX;
};

weir::awaitable<void> ask(Work* work) {
  while (Clock::now() < work->stop && work->operations < work->most) {
    ++work->operations;
    const auto key = "b/" + std::to_string(work->operations);
    if (work->mode == "get")
      co_await work->client.get(key);
    else
      co_await work->client.put_view(key, work->body);
  }
}

weir::awaitable<void> list_all(Work* work) {
  while (Clock::now() < work->stop) {
    weir::s3::ListOptions options;
    do {
      const auto page = co_await work->client.list(options);
      options.continue_from(page.next);
    } while (!options.continue_from().empty());
    ++work->operations;
  }
}

class Nowhere final : public weir::s3::ObjectSink {
 public:
  weir::awaitable<void> write(std::span<const char> bytes) override {
    size += bytes.size();
    co_return;
  }
  std::uint64_t size = 0;
};

weir::awaitable<void> transfer(Work* work) {
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
  bench::report("weir", "sigv4_sign", static_cast<double>(operations), watch, ",\"bytes\":" + std::to_string(sink % 7));
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  Work work;
  work.mode = arguments[1];
  if (work.mode == "sign") {
    sign(std::atof(arguments[2]));
    return 0;
  }
  if (count < 4) return 2;
  const bool timed = work.mode == "get" || work.mode == "put";
  const int tasks = timed || work.mode == "puts" ? std::atoi(arguments[3]) : 1;
  weir::s3::ClientOptions options;
  options.endpoint_url(std::string("http://127.0.0.1:") + arguments[2])
      .access_key_id("key")
      .secret_access_key("secret");
  options.region("us-east-1").concurrency(16).checksums(work.mode == "upload");
  const auto pool = weir::http::ClientOptions::default_pool().max_size(static_cast<unsigned>(timed ? tasks : 128));
  options.http(weir::http::ClientOptions{}.proxy("off").pool(pool));
  work.client = weir::s3::Client("bucket", options);
  boost::asio::io_context io(1);
  const auto begin = [&](double seconds) {
    work.operations = 0;
    work.stop = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    if (work.mode == "list")
      run(io, list_all(&work));
    else if (work.mode == "upload" || work.mode == "download")
      run(io, transfer(&work));
    else
      for (int i = 0; i < tasks; ++i) run(io, ask(&work));
    io.restart();
    io.run();
  };
  if (timed) begin(0.3);
  if (work.mode == "puts") work.most = 100;
  if (work.mode == "upload") work.body.assign(static_cast<std::size_t>(std::atoi(arguments[3])) << 20U, 'x');
  const double seconds = timed && count > 4    ? std::atof(arguments[4])
                         : work.mode == "list" ? std::atof(arguments[3])
                                               : 60;
  const bench::Stopwatch watch;
  begin(seconds);
  bench::report("weir", "s3_" + work.mode, static_cast<double>(work.operations), watch,
                ",\"seconds\":" + std::to_string(watch.seconds()));
  return 0;
}
