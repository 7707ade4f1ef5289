#pragma once

#include "cli/formats/record_writer.hpp"
#include "cli/terminal.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace weir::cli {

/// Records as a table for people. The first records decide on columns and widths; what does not fit the terminal is cut
/// off with an ellipsis, and what is left out is said at the end. Control characters are shown as spaces, so that data
/// cannot steer the terminal.
class TableWriter final : public RecordWriter {
 public:
  TableWriter(Terminal terminal, std::string id_field) : terminal_(terminal), id_field_(std::move(id_field)) {}
  void write(std::string& out, const Record& record) override;
  void end(std::string& out) override;

 private:
  struct Column {
    std::string title;
    std::vector<std::string> keys;  // empty: the id
    std::size_t width = 0;
    bool right = true;  // numbers only, so far
    bool any = false;
  };
  struct Cell {
    std::string text;
    std::size_t width = 0;
    bool number = false;
  };

  void lay_out();
  void shrink();
  void print_head(std::string& out) const;
  void print_row(std::string& out, const Record& record);
  Cell cell(const Record& record, const Column& column) const;
  Column& column_of(const std::vector<std::string>& keys);

  Terminal terminal_;
  std::string id_field_;
  std::vector<Record> first_;
  std::vector<Column> columns_;
  std::vector<std::string> left_out_;
  bool laid_out_ = false;
};

/// The text in exactly so many columns of a terminal: cut with "…", or filled up with spaces.
std::string fit(std::string_view text, std::size_t width, bool right);

}  // namespace weir::cli
