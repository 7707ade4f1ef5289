#include "cli/arguments.hpp"
#include "cli/commands/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/messages.hpp"
#include "cli/output.hpp"

#include <weir/log.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <csignal>
#include <exception>
#include <utility>
#include <variant>

namespace weir::cli {
namespace {

// What the library says while a command runs goes the way of all messages, so that it does not tear a progress bar.
void take_over_log(Messages& messages, const Arguments& arguments) {
  log::set_sink([&messages](const log::Message& message) {
    const auto text = std::string(message.component) + ": " + std::string(message.text);
    if (message.level >= log::Level::warning)
      messages.note("weir: " + text);
    else
      messages.detail(text);
  });
  if (arguments.verbose) log::set_level("*", log::Level::info);
  if (arguments.quiet) log::set_level("*", log::Level::error);
}

ExitCode run(const Arguments& arguments) {
  Messages messages(Terminal::of(STDERR_FILENO), arguments.quiet, arguments.verbose);
  take_over_log(messages, arguments);
  std::exception_ptr error;
  ExitCode code = ExitCode::done;
  {
    boost::asio::io_context loop(1);
    Interrupt interrupt(loop);
    Program program{arguments, messages, interrupt, Terminal::of(STDOUT_FILENO)};
    auto on_end = [&](std::exception_ptr failure, ExitCode result) {
      error = std::move(failure);
      code = result;
      interrupt.stop();
    };
    boost::asio::co_spawn(loop, run_command(program), boost::asio::bind_cancellation_slot(interrupt.slot(), on_end));
    loop.run();
  }
  log::set_sink({});
  messages.end_progress();
  if (!error) return code;
  const auto verdict = judge(error);
  if (!verdict.message.empty()) messages.error(verdict.message);
  return verdict.code;
}

int start(int argc, char** argv) {
  // A reader that goes away is an error of write(2), which is looked at.
  std::signal(SIGPIPE, SIG_IGN);
  const auto parsed = parse_arguments(argc, argv);
  if (const auto* arguments = std::get_if<Arguments>(&parsed)) return static_cast<int>(run(*arguments));
  const auto& leave = std::get<Leave>(parsed);
  Messages messages(Terminal::of(STDERR_FILENO), false, false);
  if (!leave.message.empty()) messages.error(leave.message);
  try {
    Output output;
    output.buffer() = leave.output;
    output.finish();
  } catch (...) {
    const auto verdict = judge(std::current_exception());
    if (!verdict.message.empty()) messages.error(verdict.message);
    return static_cast<int>(verdict.code);
  }
  return static_cast<int>(leave.code);
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) { return weir::cli::start(argc, argv); }
