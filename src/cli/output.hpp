#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::cli {

/// Standard output or a file, buffered. Whatever cannot be written is noticed: Failure, or BrokenPipe.
class Output {
 public:
  /// Standard output.
  Output();
  /// A file, which appears under its name when finish() is called; before that, and when it is not, a file that was
  /// there stays as it is. What is no regular file (a device, a named pipe) is written to directly. "-" is standard
  /// output.
  explicit Output(const std::string& file);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  /// Where to append to; empties itself by flush() and by write_if_full().
  std::string& buffer() { return buffer_; }
  void write_if_full();
  void flush();
  /// Writes everything and gives the file its name. The last call.
  void finish();

  int descriptor() const { return descriptor_; }
  bool is_standard() const { return file_.empty(); }
  /// "standard output", or the file.
  const std::string& name() const { return name_; }

 private:
  [[noreturn]] void fail(const char* doing, int error) const;

  int descriptor_;
  std::string file_;       // what it will be called
  std::string temporary_;  // what it is called until then; empty when written directly
  std::string name_;
  std::string buffer_;
};

}  // namespace weir::cli
