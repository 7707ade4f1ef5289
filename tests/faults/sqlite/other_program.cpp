#include "faults/sqlite/other_program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace weir::test {

OtherProgram::OtherProgram(const std::string& file) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string program = WEIR_LOCK_HOLDER;
  std::string argument = file;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  const int result = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  char locked = 0;
  const auto got = result == 0 ? ::read(out[0], &locked, 1) : 0;
  ::close(out[0]);
  if (got != 1) throw std::runtime_error("the other program did not take the lock");
}

OtherProgram::~OtherProgram() {
  if (process_ > 0) finish();
}

void OtherProgram::finish() {
  ::close(input_);
  int status = 0;
  EXPECT_EQ(::waitpid(std::exchange(process_, -1), &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0,
            true);
}

}  // namespace weir::test
