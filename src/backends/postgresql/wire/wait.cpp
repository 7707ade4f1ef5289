#include "backends/postgresql/wire/wait.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

class LentSocket {
 public:
  LentSocket(const asio::any_io_executor& executor, int descriptor) : socket_(executor, descriptor) {}
  LentSocket(const LentSocket&) = delete;
  LentSocket& operator=(const LentSocket&) = delete;
  ~LentSocket() { give_back(); }
  void give_back() noexcept {
    if (socket_.is_open()) socket_.release();
  }
  asio::posix::stream_descriptor& operator*() noexcept { return socket_; }

 private:
  asio::posix::stream_descriptor socket_;
};

// Shared with the timer, whose handler may be queued already when the wait is over.
struct Wait {
  Wait(const asio::any_io_executor& executor, int descriptor, Clock::time_point deadline)
      : socket(executor, descriptor), limit(executor, deadline) {}
  LentSocket socket;
  asio::steady_timer limit;
  bool over = false;
  bool late = false;
};

struct Over {
  explicit Over(std::shared_ptr<Wait> w) : wait(std::move(w)) {}
  Over(const Over&) = delete;
  Over& operator=(const Over&) = delete;
  ~Over() {
    wait->over = true;
    wait->limit.cancel();
    wait->socket.give_back();
  }
  std::shared_ptr<Wait> wait;
};

}  // namespace

awaitable<void> wait_for(asio::any_io_executor executor, int descriptor, WaitFor what, Clock::time_point deadline,
                         Error late) {
  const Over over(std::make_shared<Wait>(executor, descriptor, deadline));
  auto& wait = *over.wait;
  wait.limit.async_wait([shared = over.wait](const boost::system::error_code& failed) {
    if (failed || shared->over) return;
    shared->late = true;
    (*shared->socket).cancel();
  });
  boost::system::error_code failed;
  const auto event = what == WaitFor::readable ? asio::posix::stream_descriptor::wait_read
                                               : asio::posix::stream_descriptor::wait_write;
  co_await (*wait.socket).async_wait(event, asio::redirect_error(asio::use_awaitable, failed));
  if (wait.late) throw late;
  if (failed) throw boost::system::system_error(failed);
}

}  // namespace weir::postgres
