// kill -9 in the middle of a copy, again and again: resumed from its checkpoint it ends equal to its source.

#include "conformance/suite.hpp"
#include "support/random.hpp"
#include "support/random_data.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <weir/copy.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

namespace weir::conformance {
namespace {

constexpr std::size_t records = 8000;
constexpr std::size_t chunk = 20;
constexpr int kills = 24;

struct Job {
  std::string source;
  std::string target;
  std::string checkpoint;
  std::size_t partitions = 1;
};

// --- the child: copies, and writes one byte to standard output after each chunk
// ---------------------------------------

awaitable<void> copy_once(Job job) {
  auto from = co_await AsyncDatabase::open(job.source);
  auto to = co_await AsyncDatabase::open(job.target);
  CopyOptions options;
  options.chunk(chunk).partitions(job.partitions).checkpoint(job.checkpoint);
  options.progress([](const CopyProgress&) {
    if (::write(STDOUT_FILENO, ".", 1) != 1) ::_exit(9);
  });
  co_await copy(from, Query{}, to, options);
  co_await from.close();
  co_await to.close();
}

int child(const Job& job) {
  try {
    test::run(copy_once(job));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "the copy failed: %s\n", error.what());
    return 1;
  }
}

// --- the parent
// -------------------------------------------------------------------------------------------------------

/// A copy in a process of its own.
class CopyProcess {
 public:
  explicit CopyProcess(const Job& job) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    const auto partitions = std::to_string(job.partitions);
    id_ = ::fork();
    if (id_ < 0) throw std::runtime_error("fork");
    if (id_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl("/proc/self/exe", "copy", "--child", job.source.c_str(), job.target.c_str(), job.checkpoint.c_str(),
              partitions.c_str(), static_cast<char*>(nullptr));
      ::_exit(8);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  CopyProcess(const CopyProcess&) = delete;
  CopyProcess& operator=(const CopyProcess&) = delete;
  ~CopyProcess() {
    ::close(output_);
    if (id_ > 0) {
      ::kill(id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
    }
  }
  /// Waits for `chunks` of them; false when the process ended before.
  bool wait_for(std::size_t chunks) {
    for (; chunks > 0; --chunks) {
      char byte = 0;
      if (::read(output_, &byte, 1) != 1) return false;
    }
    return true;
  }
  /// Lets it run for a random part of the time a chunk takes; what it writes meanwhile is left in the pipe.
  void run_on_for(std::chrono::microseconds time) const {
    timespec span{0, static_cast<long>(time.count()) * 1000};
    ::ppoll(nullptr, 0, &span, nullptr);
  }
  void kill() const { ::kill(id_, SIGKILL); }
  /// How it ended, as of waitpid.
  int wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return status;
  }

 private:
  pid_t id_ = -1;
  int output_ = -1;
};

awaitable<std::vector<Record>> everything(std::string url) {
  auto database = co_await AsyncDatabase::open(std::move(url));
  auto all = co_await database.search(Query{});
  co_await database.close();
  co_return all;
}

awaitable<void> fill(std::string url, std::vector<Record> with) {
  auto database = co_await AsyncDatabase::open(std::move(url));
  co_await store(database, std::move(with));
  co_await database.close();
}

class CopyKilled : public testing::TestWithParam<std::size_t> {};

TEST_P(CopyKilled, resumed_from_its_checkpoint_it_ends_equal_to_its_source) {
  const test::TemporaryFolder folder;
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  Job job;
  job.source = "sqlite:" + path("source.db");
  job.target = "sqlite:" + path("target.db");
  job.checkpoint = path("checkpoint");
  job.partitions = GetParam();
  test::Random random(test::seed() + job.partitions);
  test::run(fill(job.source, test::random_records(random, records)));

  int killed = 0;
  while (killed < kills) {
    CopyProcess copy(job);
    const auto chunks = random.below(6);
    if (!copy.wait_for(chunks)) {
      const auto status = copy.wait();
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the copy failed, after " << killed << " kills";
      break;  // it came to its end
    }
    copy.run_on_for(std::chrono::microseconds(random.below(5'000)));
    copy.kill();
    const auto status = copy.wait();
    if (WIFEXITED(status)) break;
    ++killed;
  }
  EXPECT_GE(killed, 20) << "the copy ended too early for this test";
  CopyProcess last(job);
  const auto status = last.wait();
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the last copy failed";

  const auto source = test::run(everything(job.source));
  const auto target = test::run(everything(job.target));
  EXPECT_EQ(source.size(), records);
  EXPECT_TRUE(same_records(source, target));
  EXPECT_FALSE(std::filesystem::exists(job.checkpoint)) << "the checkpoint is removed at the end";
}

INSTANTIATE_TEST_SUITE_P(Partitions, CopyKilled, testing::Values(1, 3));

}  // namespace
}  // namespace weir::conformance

int main(int argc, char** argv) {
  using namespace weir::conformance;
  if (argc == 6 && std::strcmp(argv[1], "--child") == 0) {
    Job job;
    job.source = argv[2];
    job.target = argv[3];
    job.checkpoint = argv[4];
    job.partitions = std::stoul(argv[5]);
    return child(job);
  }
  return run_suite(argc, argv);
}
