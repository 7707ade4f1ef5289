// The loop never blocks: a shared object that is loaded before everything else notes each call that could, made by the
// thread of the loop, and a timer tells how long the loop was away.

#include "faults/postgresql/blocking_shim.hpp"
#include "faults/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// The program starts itself again with the shared object in front, before anything else runs.
bool start_again() {
  constexpr const char* variable = "LD_PRELOAD";
  if (std::getenv(variable) != nullptr) return true;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> words;
  for (std::size_t at = 0; at < all.size(); at += words.back().size() + 1) words.emplace_back(all.c_str() + at);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::setenv(variable, WEIR_BLOCKING_SHIM, 1);
  ::execv("/proc/self/exe", arguments.data());
  return false;
}
const bool started_again = start_again();

template <class Function>
Function of_the_shim(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_DEFAULT, name));
}

// 5 s in scripts/test --full.
std::chrono::milliseconds slow() { return std::getenv("WEIR_FULL") != nullptr ? 5'000ms : 1'000ms; }

// A thread that has nothing to do but to be woken: how late it is is the machine's doing.
class Beside {
 public:
  explicit Beside(Clock::duration& latest)
      : thread_([this, &latest] {
          std::unique_lock lock(mutex_);
          while (!over_) {
            const auto due = Clock::now() + 5ms;
            wake_.wait_until(lock, due, [this] { return over_; });
            latest = std::max(latest, Clock::now() - due);
          }
        }) {}
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::thread thread_;
};

class Unblocked : public FaultyPostgres {
 protected:
  void SetUp() override {
    watch_ = of_the_shim<WatchThisThread>("weir_watch_this_thread");
    found_ = of_the_shim<BlockingCalls>("weir_blocking_calls");
    ASSERT_TRUE(watch_ != nullptr && found_ != nullptr) << WEIR_BLOCKING_SHIM << " is not loaded";
    before_ = std::string(found_()).size();
    of_the_shim<SlowNames>("weir_slow_names")(static_cast<unsigned>(slow().count()));
    FaultyPostgres::SetUp();
  }
  // As run(), watched; the loop is expected back at any time.
  template <class T>
  T run_watched(awaitable<T> operation) {
    longest_ = {};
    elsewhere_ = {};
    const Beside beside(elsewhere_);
    boost::asio::steady_timer beat(loop());
    tick(beat);
    struct Watch {
      WatchThisThread set;
      explicit Watch(WatchThisThread s) : set(s) { set(true); }
      Watch(const Watch&) = delete;
      Watch& operator=(const Watch&) = delete;
      ~Watch() { set(false); }
    };
    const auto stopped = [&]() -> awaitable<T> {
      const Watch watch(watch_);
      struct Stop {
        boost::asio::steady_timer& timer;
        ~Stop() { timer.cancel(); }
      } stop{beat};
      co_return co_await std::move(operation);
    };
    return run(stopped());
  }
  void expect_never_blocked() const {
    EXPECT_STREQ(found_() + before_, "");
    EXPECT_LT(longest_, 250ms + elsewhere_) << "and a thread that did nothing came as late as " << elsewhere_.count();
  }

 private:
  void tick(boost::asio::steady_timer& beat) {
    beat.expires_after(5ms);
    beat.async_wait([this, &beat](const boost::system::error_code& failed) {
      if (failed) return;
      longest_ = std::max(longest_, Clock::now() - beat.expiry());
      tick(beat);
    });
  }
  WatchThisThread watch_ = nullptr;
  BlockingCalls found_ = nullptr;
  std::size_t before_ = 0;       // of other tests
  Clock::duration elsewhere_{};  // how late the machine was with somebody else
  Clock::duration longest_{};
};

awaitable<void> use(AsyncDatabase db, std::string prefix = {}) {
  EXPECT_FALSE(co_await db.exists(prefix));
  std::vector<Record> records(300);
  for (std::size_t i = 0; i < records.size(); ++i) records[i].id = prefix + std::to_string(i);
  const auto made = co_await db.create_batch(std::move(records));
  EXPECT_EQ(made.succeeded(), 300u);
  auto stream = db.stream(Query());
  while (co_await stream.next()) {
  }
  co_await db.close();
}

TEST_F(Unblocked, connecting_and_working) {
  run_watched(use(run(AsyncDatabase::open(url())), "a"));
  const auto tls = "sslmode=verify-full&sslrootcert=" + server().setting("POSTGRES_CA_FILE");
  run_watched(use(run(AsyncDatabase::open(url(tls))), "b"));
  expect_never_blocked();
}

TEST_F(Unblocked, a_resolver_that_takes_long) {
  auto at = url("connect_timeout=60s&timeout=60s");
  at.replace(at.find("@localhost"), 10, "@a.slow.test");
  auto db = run(AsyncDatabase::open(at));
  const auto begin = Clock::now();
  run_watched(use(db, "a"));
  EXPECT_GE(Clock::now() - begin, slow());
  expect_never_blocked();
}

/// A file that everybody who opens it reads anew, and waits for as long as `delay` says.
class SlowPipe {
 public:
  SlowPipe(std::filesystem::path folder, const std::string& source) : folder_(std::move(folder)) {
    std::ifstream file(source);
    text_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    std::filesystem::create_directory(folder_);
    std::signal(SIGPIPE, SIG_IGN);  // a reader may have gone
    make();
    writer_ = std::thread([this] { write(); });
  }
  SlowPipe(const SlowPipe&) = delete;
  SlowPipe& operator=(const SlowPipe&) = delete;
  ~SlowPipe() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    const int reader = ::open(path().c_str(), O_RDONLY | O_NONBLOCK);  // the writer waits for one
    writer_.join();
    if (reader >= 0) ::close(reader);
    std::filesystem::remove_all(folder_);
  }
  std::string path() const { return (folder_ / "ca.crt").string(); }
  void delay(std::chrono::milliseconds time) { delay_ = static_cast<int>(time.count()); }

 private:
  // In place of the one before: a reader has a pipe to itself.
  void make() {
    const auto next = (folder_ / "next").string();
    if (::mkfifo(next.c_str(), 0600) != 0) std::abort();
    std::filesystem::rename(next, path());
  }
  void write() {
    while (!over_) {
      const int pipe = ::open(path().c_str(), O_WRONLY);  // until somebody reads
      make();
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::milliseconds(delay_), [this] { return over_.load(); });
      }
      if (::write(pipe, text_.data(), text_.size()) < 0 && errno != EPIPE) std::abort();
      ::close(pipe);
    }
  }
  const std::filesystem::path folder_;
  std::string text_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> over_{false};
  std::atomic<int> delay_{0};
  std::thread writer_;
};

TEST_F(Unblocked, a_certificate_that_comes_slowly) {
  SlowPipe pipe(std::filesystem::temp_directory_path() / schema(), server().setting("POSTGRES_CA_FILE"));
  auto db = run(AsyncDatabase::open(
      url("max_size=1&sslmode=verify-ca&connect_timeout=60s&timeout=60s&sslrootcert=" + pipe.path())));
  pipe.delay(slow());
  const auto begin = Clock::now();
  run_watched(use(db, "a"));
  EXPECT_GE(Clock::now() - begin, slow());
  expect_never_blocked();
}

awaitable<void> cancel_into_nothing(AsyncDatabase db, Relay* relay) {
  auto native = db.native<PostgresDatabase>();
  co_await native.query("SELECT 1");
  relay->hold(true);
  const auto late = co_await outcome_of([&] { return native.with_timeout(100ms).query("SELECT pg_sleep(60)::text"); });
  EXPECT_TRUE(fails_with(late, errc::timeout));
  // The cancel, its patience and the fence behind it.
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 2'500ms);
  co_await timer.async_wait(boost::asio::use_awaitable);
  relay->hold(false);
  relay->cut_all();
  EXPECT_SUCCEEDS(native.with_timeout(10s).query("SELECT 1"));
}

TEST_F(Unblocked, a_cancel_into_a_black_hole) {
  auto db = run(AsyncDatabase::open(relayed("max_size=2")));
  run_watched(cancel_into_nothing(db, &relay()));
  run(db.close());
  expect_never_blocked();
}

awaitable<void> cancel_and_go_on(AsyncDatabase db) {
  auto native = db.native<PostgresDatabase>();
  co_await native.query("SELECT 1");
  const auto late = co_await outcome_of([&] { return native.with_timeout(100ms).query("SELECT pg_sleep(60)::text"); });
  EXPECT_TRUE(fails_with(late, errc::timeout));
  EXPECT_SUCCEEDS(native.with_timeout(10s).query("SELECT 1"));
}

// It reads certificates to encrypt the request.
TEST_F(Unblocked, an_encrypted_cancel) {
  auto db = run(AsyncDatabase::open(relayed_tls("max_size=2")));
  run_watched(cancel_and_go_on(db));
  run(db.close());
  EXPECT_EQ(relay().clear_cancels(), 0u);
  expect_never_blocked();
}

awaitable<void> thrown_out(AsyncDatabase db) {
  auto native = db.native<PostgresDatabase>();
  for (int i = 0; i < 5; ++i) {
    bool lost = false;
    try {
      co_await native.execute("SELECT pg_terminate_backend(pg_backend_pid())");
    } catch (const Error&) {
      lost = true;
    }
    EXPECT_TRUE(lost);
  }
}

// libpq closes its descriptor as soon as it reads that the server has gone. Another thread's socket may have that
// number before the loop has forgotten it.
TEST_F(Unblocked, a_lost_connection_is_forgotten_before_its_descriptor_is_closed) {
  auto db = run(AsyncDatabase::open(url()));
  run_watched(thrown_out(db));
  run(db.close());
  expect_never_blocked();
}

// That the shared object sees what it should.
TEST_F(Unblocked, what_blocks_is_noticed) {
  const auto watch = of_the_shim<WatchThisThread>("weir_watch_this_thread");
  const auto found = of_the_shim<BlockingCalls>("weir_blocking_calls");
  watch(true);
  const std::ifstream stream("/etc/hosts");
  if (FILE* const file = std::fopen("/etc/hosts", "r")) std::fclose(file);
  watch(false);
  EXPECT_NE(std::string(found()).find("fopen(/etc/hosts)"), std::string::npos);
}

}  // namespace
}  // namespace weir::test
