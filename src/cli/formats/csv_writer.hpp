#pragma once

#include "cli/formats/csv_columns.hpp"
#include "cli/formats/record_writer.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cli {

/// Rows of CSV (RFC 4180, with LF at the end of a row) that CsvReader reads back to equal records: the header tells the
/// type of a column where it would be guessed wrongly, "" in quotes is the empty text, an empty cell a missing field.
class CsvWriter final : public RecordWriter {
 public:
  /// The columns of CsvColumns, or some of them; the first is the id.
  CsvWriter(std::vector<CsvColumn> columns, char delimiter) : columns_(std::move(columns)), delimiter_(delimiter) {}
  void begin(std::string& out) override;
  /// `invalid_argument` for a record with a value that has no column: it would be lost.
  void write(std::string& out, const Record& record) override;

 private:
  void append_cell(std::string& out, std::string_view text, bool quote) const;
  void append_value(std::string& out, const Json& value, CellType type) const;

  std::vector<CsvColumn> columns_;
  char delimiter_;
};

}  // namespace weir::cli
