#pragma once

#include "cli/formats/csv_columns.hpp"
#include "cli/formats/record_writer.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"

#include <weir/record.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace weir::cli {

/// Prints records in the format asked for.
class RecordPrinter {
 public:
  RecordPrinter(Program& program, Output& output, Format format);

  /// CSV only, before begin(): all records that will be printed are shown, for the columns.
  void look_at(const Record& record) { columns_.add(record); }
  void columns_of(const std::vector<Record>& records) {
    for (const auto& record : records) look_at(record);
  }
  void begin();
  void print(const Record& record);
  /// Writes everything out, and says when something could not be in this format.
  void end();
  std::uint64_t printed() const { return printed_; }

 private:
  std::vector<CsvColumn> chosen_columns() const;

  Program& program_;
  Output& output_;
  Format format_;
  CsvColumns columns_;
  std::unique_ptr<RecordWriter> writer_;
  std::uint64_t printed_ = 0;
  std::uint64_t with_metadata_ = 0;
};

}  // namespace weir::cli
