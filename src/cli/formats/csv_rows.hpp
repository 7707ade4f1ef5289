#pragma once

#include "cli/formats/buffered_input.hpp"
#include "cli/formats/problem.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

struct CsvCell {
  std::string text;
  bool quoted = false;
  std::uint64_t line = 0;
};

struct CsvRow {
  std::vector<CsvCell> cells;
  std::string text;  ///< as it stands in the input, without the end of line
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::optional<Problem> problem;
};

/// Cuts comma-separated text (RFC 4180) into rows: cells in quotes hold anything, "" is a quote in them; rows end with
/// LF or CRLF; empty lines are skipped. Strict UTF-8, no NUL.
class CsvRows {
 public:
  CsvRows(BufferedInput& input, char delimiter, std::size_t max_row_bytes, std::uint64_t line)
      : input_(input), delimiter_(delimiter), limit_(max_row_bytes), line_(line) {}
  /// False at the end.
  bool next(CsvRow& row);
  std::uint64_t line() const { return line_; }

 private:
  struct Piece {  // where in view() a cell is
    std::size_t begin = 0;
    std::size_t end = 0;
    bool quoted = false;
    bool doubled = false;  // holds "" for a quote
  };
  enum class State { cell_begin, plain, quoted, quote_in_quoted };

  bool scan(CsvRow& row);
  std::size_t next_special(std::string_view view, std::size_t at) const;
  void step(char byte, std::size_t at, CsvRow& row);
  void end_cell(std::size_t end);
  void report(CsvRow& row, std::size_t at, std::string reason) const;
  void fill_cells(CsvRow& row);
  void skip_long_row(CsvRow& row);

  BufferedInput& input_;
  char delimiter_;
  std::size_t limit_;
  std::uint64_t line_;
  State state_ = State::cell_begin;
  bool row_ended_ = false;
  std::size_t quote_at_ = 0;  // where the last quoted cell began
  Piece piece_;
  std::vector<Piece> pieces_;
};

}  // namespace weir::cli
