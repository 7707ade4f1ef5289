#pragma once

#include <sys/types.h>

#include <string>

namespace weir::test {

/// Another process that holds the write lock of a database file from construction until finish().
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& file);
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  ~OtherProgram();
  /// Returns when the lock is free and the process has ended.
  void finish();

 private:
  pid_t process_ = -1;
  int input_ = -1;
};

}  // namespace weir::test
