#include "cli/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace weir::cli::test {
namespace {

using Pipe = std::array<int, 2>;

Pipe make_pipe() {
  Pipe ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  return ends;
}

void close_end(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

}  // namespace

Process::Process(std::vector<std::string> command, ProcessOptions options) {
  // A write to a program that ended must fail, not end the test.
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe();
  Pipe out{-1, -1};
  Pipe err{-1, -1};
  if (options.terminal_columns) {
    winsize size{};
    size.ws_row = 40;
    size.ws_col = static_cast<unsigned short>(*options.terminal_columns);
    if (openpty(out.data(), out.data() + 1, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty");
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    fcntl(out[1], F_SETFD, FD_CLOEXEC);
  } else {
    out = make_pipe();
    err = make_pipe();
  }
  std::vector<char*> argv;
  for (auto& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(options.terminal_columns ? out[1] : err[1], STDERR_FILENO);
    if (!options.out_file.empty()) {
      const int file = open(options.out_file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
      if (file < 0) _exit(124);
      dup2(file, STDOUT_FILENO);
    }
    std::signal(SIGPIPE, SIG_DFL);
    if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(125);
    if (options.user && (setgid(static_cast<gid_t>(*options.user)) != 0 || setuid(*options.user) != 0)) _exit(126);
    for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
    execv(argv.front(), argv.data());
    _exit(127);
  }
  close_end(in[0]);
  close_end(out[1]);
  close_end(err[1]);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
  fcntl(in_, F_SETFL, O_NONBLOCK);
  if (options.close_output) close_end(out_);
}

Process::~Process() {
  if (!reaped_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close_end(in_);
  close_end(out_);
  close_end(err_);
}

void Process::signal(int number) { kill(pid_, number); }

bool Process::ended() {
  if (reaped_) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  reaped_ = true;
  if (WIFEXITED(status)) result_.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
  return true;
}

bool Process::read_some(int& descriptor, std::string& into) {
  std::array<char, 65536> buffer{};
  const auto got = read(descriptor, buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  if (got < 0 && errno == EINTR) return true;
  close_end(descriptor);  // the end; a terminal says EIO
  return false;
}

bool Process::pump(int milliseconds) {
  std::array<pollfd, 3> events{{{out_, POLLIN, 0}, {err_, POLLIN, 0}, {pending_.empty() ? -1 : in_, POLLOUT, 0}}};
  if (out_ < 0 && err_ < 0 && events[2].fd < 0) return false;
  if (poll(events.data(), events.size(), milliseconds) <= 0) return true;
  if (events[0].revents != 0) read_some(out_, result_.out);
  if (events[1].revents != 0) read_some(err_, result_.err);
  if (events[2].revents != 0) {
    const auto wrote = ::write(in_, pending_.data(), pending_.size());
    if (wrote > 0) pending_.erase(0, static_cast<std::size_t>(wrote));
    if (wrote < 0 && errno != EAGAIN && errno != EINTR) {  // it does not want more
      pending_.clear();
      close_end(in_);
    }
  }
  if (pending_.empty() && close_when_written_) close_end(in_);
  return true;
}

void Process::write(std::string_view text) {
  pending_ += text;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!pending_.empty() && in_ >= 0) {
    pump(100);
    if (std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "the program does not read its input";
      return;
    }
  }
}

void Process::close_input() {
  close_when_written_ = true;
  if (pending_.empty()) close_end(in_);
}

void Process::read_until(const std::function<bool(const ProcessResult&)>& enough) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!enough(result_)) {
    if (!pump(100) || std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "it did not come to that; stdout: " << result_.out << "\nstderr: " << result_.err;
      return;
    }
  }
}

ProcessResult Process::wait(std::chrono::seconds limit) {
  close_input();
  const auto end = std::chrono::steady_clock::now() + limit;
  while (pump(100)) {
    // Its end is the end of its output, except where somebody else holds the terminal.
    if (ended() && err_ < 0 && out_ >= 0) {
      while (out_ >= 0 && read_some(out_, result_.out)) {
      }
      break;
    }
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "it does not end; stderr: " << result_.err;
      kill(pid_, SIGKILL);
      break;
    }
  }
  if (!reaped_) {
    int status = 0;
    waitpid(pid_, &status, 0);
    reaped_ = true;
    if (WIFEXITED(status)) result_.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
  }
  return result_;
}

}  // namespace weir::cli::test
