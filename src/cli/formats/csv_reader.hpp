#pragma once

#include "cli/formats/csv_rows.hpp"
#include "cli/formats/csv_types.hpp"
#include "cli/formats/document_reader.hpp"

#include <deque>
#include <string>
#include <vector>

namespace weir::cli {

/// One column: its name in the header, and where in the record its values go.
struct CsvColumn {
  std::string name;
  std::vector<std::string> keys;  ///< a.b is key b in object a; the column of the ids has one key
  CellType type;
};

/// Rows of CSV (RFC 4180) as objects. The first row names the columns, `name` or `name:type`.
///
/// A column's type is the one given by ReaderOptions::types or by the header, else guessed from the first rows: number
/// or boolean when all values are, otherwise text. A later value that does not fit is a problem of its row, so that a
/// column never holds numbers in some records and text in others by accident. An empty cell is a missing field.
class CsvReader final : public DocumentReader {
 public:
  CsvReader(ByteSource& source, ReaderOptions options);
  bool next(Document& document) override;
  Json position() const override;

 private:
  void begin();
  void read_header();
  void declare_types();
  void sample();
  bool take_row(CsvRow& row);
  void fill(const CsvRow& row, Document& document);
  void resume(const Json& from);
  [[noreturn]] void fail(std::uint64_t line, const std::string& reason) const;

  ReaderOptions options_;
  BufferedInput input_;
  CsvRows rows_;
  std::vector<CsvColumn> columns_;
  std::deque<CsvRow> sampled_;
  bool begun_ = false;
};

}  // namespace weir::cli
