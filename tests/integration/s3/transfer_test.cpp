// Large transfers on a real server: what they hold, and what they leave behind when they do not end.
#include "integration/s3/fixture.hpp"
#include "support/sanitizers.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>

namespace weir::s3 {
namespace {

using test::run;

class Transfers : public OnServer {};
INSTANTIATE_TEST_SUITE_P(S3, Transfers, testing::Values("minio"), server_name);

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

char byte_at(std::uint64_t position) { return static_cast<char>((position * 2654435761U) >> 13U); }

/// So many bytes, made as they are asked for.
class Made final : public http::BodySource {
 public:
  explicit Made(std::uint64_t size, std::function<void(std::uint64_t)> before = {})
      : size_(size), before_(std::move(before)), piece_(mebibyte) {
    for (std::uint64_t i = 0; i < piece_.size(); ++i) piece_[i] = byte_at(i);
  }
  awaitable<std::span<const char>> next() override {
    if (before_) before_(given_);
    const auto size = std::min<std::uint64_t>(piece_.size(), size_ - given_);
    given_ += size;
    co_return std::span<const char>(piece_.data(), size);
  }

 private:
  const std::uint64_t size_;
  const std::function<void(std::uint64_t)> before_;
  std::vector<char> piece_;
  std::uint64_t given_ = 0;
};

class Compared final : public ObjectSink {
 public:
  awaitable<void> write(std::span<const char> bytes) override {
    // All bytes of a part at once would hide nothing, and a comparison of each takes long unoptimised.
    for (std::size_t i = 0; i < bytes.size(); i += 4093)
      if (bytes[i] != byte_at((size + i) % mebibyte)) ++wrong;
    size += bytes.size();
    co_return;
  }
  std::uint64_t size = 0;
  std::uint64_t wrong = 0;
};

/// Kilobytes from /proc/self/status.
std::uint64_t own_memory(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(what + ":")) return std::stoull(line.substr(what.size() + 1));
  return 0;
}

/// Highest resident memory from here on, beyond what there is now.
class Peak {
 public:
  Peak() : before_(own_memory("VmRSS")) {
    std::ofstream("/proc/self/clear_refs") << "5";  // resets VmHWM (proc(5))
  }
  double mebibytes() const {
    const auto peak = own_memory("VmHWM");
    return peak > before_ ? static_cast<double>(peak - before_) / 1024 : 0;
  }

 private:
  std::uint64_t before_;
};

TEST_P(Transfers, HoldNoMoreThanTheirBudget) {
  if (test::under_sanitizer) GTEST_SKIP() << "a sanitizer's own memory is not ours to count";
  const auto size = (test::full_run() ? 5 * 1024 : 512) * mebibyte;
  auto options = options_;
  Client client(bucket_, options.memory_limit(64 * mebibyte));
  run(client.put("warm", "up"));
  run(client.get("warm"));
  const double most = 64 * 1.1;
  {
    const Peak peak;
    const auto put = run(client.put_stream("large", std::make_shared<Made>(size)));
    EXPECT_EQ(put.size, size);
    std::printf("put: %.1f MiB\n", peak.mebibytes());
    EXPECT_LE(peak.mebibytes(), most);
  }
  {
    const Peak peak;
    auto sink = std::make_shared<Compared>();
    const auto got = run(client.download("large", sink));
    EXPECT_EQ(got.size, size);
    EXPECT_EQ(sink->size, size);
    EXPECT_EQ(sink->wrong, 0u);
    std::printf("get: %.1f MiB\n", peak.mebibytes());
    EXPECT_LE(peak.mebibytes(), most);
  }
}

awaitable<std::uint64_t> uploads_left(Client client) {
  const auto any = std::chrono::system_clock::now() + std::chrono::hours(1);
  co_return co_await client.abort_uploads("", any);
}

TEST_P(Transfers, AFailureLeavesNothing) {
  auto source = std::make_shared<Made>(64 * mebibyte, [](std::uint64_t given) {
    if (given == 40 * mebibyte) throw std::runtime_error("the source broke");
  });
  EXPECT_THROW(run(client_.put_stream("large", source)), std::runtime_error);
  EXPECT_FALSE(run(client_.head("large")).has_value());
  EXPECT_EQ(run(uploads_left(client_)), 0u);
}

TEST_P(Transfers, ACancellationLeavesNothing) {
  boost::asio::io_context io(1);
  boost::asio::cancellation_signal signal;
  auto source = std::make_shared<Made>(64 * mebibyte, [&](std::uint64_t given) {
    if (given == 40 * mebibyte) signal.emit(boost::asio::cancellation_type::terminal);
  });
  std::exception_ptr error;
  boost::asio::co_spawn(io, client_.put_stream("large", source),
                        boost::asio::bind_cancellation_slot(
                            signal.slot(), [&error](std::exception_ptr e, const ObjectInfo&) { error = e; }));
  io.run();
  ASSERT_TRUE(error);
  EXPECT_TRUE(test::Outcome::from(error).cancelled());
  EXPECT_FALSE(run(client_.head("large")).has_value());
  EXPECT_EQ(run(uploads_left(client_)), 0u);
}

TEST_P(Transfers, AKilledProgramLeavesNoObject) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const auto child = fork();
  if (child == 0) {
    // In the middle it says so, and then it waits to be killed.
    auto source = std::make_shared<Made>(64 * mebibyte, [&ends](std::uint64_t given) {
      if (given < 40 * mebibyte) return;
      const char told = 'x';
      if (write(ends[1], &told, 1) == 1)
        for (;;) pause();
    });
    run(Client(bucket_, options_).put_stream("large", source));
    _exit(1);
  }
  char told = 0;
  ASSERT_EQ(read(ends[0], &told, 1), 1);
  ASSERT_EQ(kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  close(ends[0]);
  close(ends[1]);
  EXPECT_FALSE(run(client_.head("large")).has_value());
  EXPECT_EQ(run(uploads_left(client_)), 1u) << "what it left is found and removed";
  EXPECT_EQ(run(uploads_left(client_)), 0u);
}

}  // namespace
}  // namespace weir::s3
