#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli::test {

struct ProcessResult {
  int code = -1;  ///< exit status; -1 when a signal ended it
  int signal = 0;
  std::string out;  ///< with a terminal: everything it showed
  std::string err;
};

struct ProcessOptions {
  std::string directory;                           ///< where it runs; empty: here
  std::map<std::string, std::string> environment;  ///< besides our own
  std::optional<unsigned> terminal_columns;        ///< standard output and error are a terminal of that width
  std::string out_file;                            ///< standard output is this file
  std::optional<uid_t> user;
  bool close_output = false;  ///< standard output is a pipe that nobody reads
};

/// A running program. The destructor kills it.
class Process {
 public:
  Process(std::vector<std::string> command, ProcessOptions options = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  /// Gives it input, reading its output meanwhile.
  void write(std::string_view text);
  void close_input();
  void signal(int number);
  /// Reads until `enough` is true of what came so far; fails the test when the program ends first, or after a minute.
  void read_until(const std::function<bool(const ProcessResult&)>& enough);
  /// Closes its input and waits for its end, at most so long.
  ProcessResult wait(std::chrono::seconds limit = std::chrono::seconds(120));
  bool ended();

 private:
  bool pump(int milliseconds);  // false when all its output is read
  static bool read_some(int& descriptor, std::string& into);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string pending_;
  bool close_when_written_ = false;
  bool reaped_ = false;
  ProcessResult result_;
};

}  // namespace weir::cli::test
