#pragma once

#include <cstddef>

namespace weir::cli {

/// What a stream is connected to.
class Terminal {
 public:
  /// Looks at the descriptor and the environment (NO_COLOR, TERM, COLUMNS).
  static Terminal of(int descriptor);
  Terminal() = default;
  Terminal(std::size_t width, bool colour) : is_terminal_(true), colour_(colour), width_(width) {}

  bool is_terminal() const { return is_terminal_; }
  bool colour() const { return colour_; }
  /// Columns; at least 20.
  std::size_t width() const { return width_; }

 private:
  bool is_terminal_ = false;
  bool colour_ = false;
  std::size_t width_ = 80;
};

}  // namespace weir::cli
