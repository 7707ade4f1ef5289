#pragma once

#include "cli/exit_code.hpp"

#include <exception>
#include <stdexcept>
#include <string>

namespace weir::cli {

/// Ends the program with this status and message.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// The reader of our output went away, as in `weir search … | head`: nobody is to be told.
class BrokenPipe final : public std::exception {
 public:
  const char* what() const noexcept override { return "broken pipe"; }
};

/// What an exception means: the status, and the text for people (empty: nothing is said).
struct Verdict {
  ExitCode code = ExitCode::done;
  std::string message;
};
Verdict judge(std::exception_ptr error);

}  // namespace weir::cli
