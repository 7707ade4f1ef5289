// Deadlines of sockets: each ends its socket, whoever else's timer fires at that moment.
#include "net/deadlines.hpp"

#include "support/sanitizers.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <thread>

namespace weir::net {
namespace {

using namespace std::chrono_literals;

class Pair {
 public:
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    for (const int end : ends_) ::close(end);
  }
  int socket() const { return ends_[0]; }
  /// Whether the other end was told that this one is shut down.
  bool ended(std::chrono::milliseconds most) const {
    ::pollfd wait{ends_[1], POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(most.count())) == 1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(Deadlines, OneThatIsSetWhileTheTimerFiresIsKept) {
  boost::asio::io_context io;
  auto work = boost::asio::make_work_guard(io);
  Deadlines table(io.get_executor());
  std::thread loop([&io] { io.run(); });
  {
    // The more there are to look through, the longer the timer's own work takes.
    std::deque<Watch> others(20'000);
    for (auto& other : others) other.start(table, -1);
    const int count = test::rounds(100);
    for (int i = 0; i < count && !testing::Test::HasFailure(); ++i) {
      Pair first, second;
      Watch one, two;
      one.start(table, first.socket());
      two.start(table, second.socket());
      one.limit(std::chrono::steady_clock::now() + 300us);
      // The one that was added last is looked at first: when the other is shut down, the timer has passed it by.
      while (!first.ended(0ms) && !one.expired()) std::this_thread::yield();
      two.limit(std::chrono::steady_clock::now() + 300us);
      EXPECT_TRUE(first.ended(10s));
      EXPECT_TRUE(second.ended(10s)) << "round " << i;
      one.stop();
      two.stop();
    }
  }
  work.reset();
  loop.join();
}

}  // namespace
}  // namespace weir::net
