#include "cli/record_printer.hpp"

#include "cli/formats/csv_writer.hpp"
#include "cli/formats/dotted_name.hpp"
#include "cli/table.hpp"
#include "cli/values.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weir::cli {

RecordPrinter::RecordPrinter(Program& program, Output& output, Format format)
    : program_(program), output_(output), format_(format), columns_(program.arguments.id_field) {}

// In the order of --select, where it was given.
std::vector<CsvColumn> RecordPrinter::chosen_columns() const {
  const auto columns = columns_.columns();
  if (program_.arguments.select.empty()) return columns;
  const auto selected = split_list("--select", program_.arguments.select);
  const auto place = [&selected](const CsvColumn& column) {
    const auto found = std::ranges::find_if(selected, [&column](const std::string& path) {
      const auto keys = split_dotted(path);
      return keys && keys->size() <= column.keys.size() && std::equal(keys->begin(), keys->end(), column.keys.begin());
    });
    return found - selected.begin();
  };
  std::vector<std::pair<std::ptrdiff_t, std::size_t>> order;  // the id stays first
  for (std::size_t i = 1; i < columns.size(); ++i) order.emplace_back(place(columns[i]), i);
  std::ranges::sort(order);
  std::vector<CsvColumn> sorted{columns.front()};
  for (const auto& [at, index] : order) sorted.push_back(columns[index]);
  return sorted;
}

void RecordPrinter::begin() {
  const auto& arguments = program_.arguments;
  const auto form = RecordForm{}.flat(arguments.flat).id_field(arguments.id_field);
  switch (format_) {
    case Format::jsonl: writer_ = std::make_unique<JsonLinesWriter>(form); break;
    case Format::json: writer_ = std::make_unique<JsonArrayWriter>(form); break;
    case Format::csv: writer_ = std::make_unique<CsvWriter>(chosen_columns(), arguments.delimiter); break;
    case Format::table: {
      const auto terminal = program_.terminal.is_terminal() ? program_.terminal : Terminal(80, false);
      writer_ = std::make_unique<TableWriter>(terminal, arguments.id_field);
      break;
    }
  }
  writer_->begin(output_.buffer());
}

void RecordPrinter::print(const Record& record) {
  ++printed_;
  if (!record.metadata.empty()) ++with_metadata_;
  writer_->write(output_.buffer(), record);
  output_.write_if_full();
}

void RecordPrinter::end() {
  writer_->end(output_.buffer());
  output_.finish();
  const bool holds_metadata = (format_ == Format::jsonl || format_ == Format::json) && !program_.arguments.flat;
  if (with_metadata_ > 0 && !holds_metadata && format_ != Format::table)
    program_.messages.note("note: " + std::to_string(with_metadata_) +
                           (with_metadata_ == 1 ? " record has" : " records have") +
                           " metadata, which bare objects and CSV do not hold");
}

}  // namespace weir::cli
