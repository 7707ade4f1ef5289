#pragma once

#include "cli/formats/buffered_input.hpp"
#include "cli/formats/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

/// Finds its way through the structure of a JSON document of any size, value by value. It looks at strings and brackets
/// only: what is inside a value is judged by whoever parses it.
class JsonScanner {
 public:
  JsonScanner(BufferedInput& input, std::string file, std::uint64_t line)
      : input_(input), file_(std::move(file)), line_(line) {}

  /// The next byte that is no white space, not consumed; -1 at the end.
  int peek();
  /// Consumes the byte that peek() showed.
  void take();
  /// Consumes one value of at most `limit` bytes into `text`. Of a longer one only the first KiB is kept, and the
  /// answer is false; `size` is its length in either case.
  bool read_value(std::string& text, std::size_t limit, std::uint64_t& size);
  /// Consumes one value.
  void skip_value();
  /// Consumes a string and gives what it means.
  std::string read_key();

  std::uint64_t line() const { return line_; }
  std::uint64_t offset() const { return input_.offset(); }
  /// In characters, from 1, of the next byte.
  std::uint64_t column() const { return column_; }
  /// Ends reading: `invalid_argument` with file, line and column.
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  [[noreturn]] void fail_at(std::uint64_t line, std::uint64_t column, const std::string& reason) const;
  void consume(std::size_t bytes);

  BufferedInput& input_;
  std::string file_;
  std::uint64_t line_;
  std::uint64_t column_ = 1;
};

}  // namespace weir::cli
