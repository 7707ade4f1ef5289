#include "cli/interrupt.hpp"

#include "cli/exit_code.hpp"
#include "cli/failure.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace weir::cli {
namespace {

int open_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // fails only for a wrong first argument
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0)
    throw Failure(ExitCode::incomplete, "no descriptor for signals: " + std::generic_category().message(errno));
  return descriptor;
}

}  // namespace

Interrupt::Interrupt(boost::asio::io_context& loop)
    : signals_(loop, open_signals()), descriptor_(signals_.native_handle()) {
  wait();
}

bool Interrupt::raised() const noexcept {
  pollfd event{descriptor_, POLLIN, 0};
  // In this order: the loop sets the flag before it takes the signal out.
  return (poll(&event, 1, 0) > 0 && (event.revents & POLLIN) != 0) || raised_;
}

void Interrupt::wait() {
  signals_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (!error) take();
  });
}

void Interrupt::take() {
  const bool second = raised_.exchange(true);
  signalfd_siginfo signal{};
  if (read(descriptor_, &signal, sizeof signal) == sizeof signal) {
    if (second) _exit(static_cast<int>(ExitCode::interrupted));
    if (action_)
      action_();
    else
      cancel_.emit(boost::asio::cancellation_type::terminal);
  }
  wait();
}

void Interrupt::stop() {
  boost::system::error_code ignored;  // nothing is left that could fail
  signals_.cancel(ignored);
}

}  // namespace weir::cli
