#include "cli/interrupt.hpp"

#include "cli/exit_code.hpp"

#include <unistd.h>

#include <csignal>

namespace weir::cli {

Interrupt::Interrupt(boost::asio::io_context& loop) : signals_(loop, SIGINT, SIGTERM) { wait(); }

void Interrupt::wait() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    if (raised_) _exit(static_cast<int>(ExitCode::interrupted));
    raised_ = true;
    wait();
    if (action_)
      action_();
    else
      cancel_.emit(boost::asio::cancellation_type::terminal);
  });
}

void Interrupt::stop() {
  boost::system::error_code ignored;  // nothing is left that could fail
  signals_.cancel(ignored);
}

}  // namespace weir::cli
