#include "cli/formats/document_reader.hpp"

#include "cli/formats/csv_reader.hpp"
#include "cli/formats/json_array_reader.hpp"
#include "cli/formats/json_lines_reader.hpp"

namespace weir::cli {

std::unique_ptr<DocumentReader> make_reader(ByteSource& source, ReaderOptions options) {
  if (!options.at().empty() && options.format() != Format::json)
    throw Error(errc::invalid_argument, "--at names an array inside a JSON document: it needs --format json");
  if (!options.types().empty() && options.format() != Format::csv)
    throw Error(errc::invalid_argument, "--types says what CSV columns hold: it needs --format csv");
  switch (options.format()) {
    case Format::jsonl: return std::make_unique<JsonLinesReader>(source, std::move(options));
    case Format::json: return std::make_unique<JsonArrayReader>(source, std::move(options));
    case Format::csv: return std::make_unique<CsvReader>(source, std::move(options));
    case Format::table: break;
  }
  throw Error(errc::invalid_argument, "a table is for people and is not read back; formats are jsonl, json and csv");
}

std::uint64_t position_number(const ReaderOptions& options, const char* key, std::uint64_t otherwise) {
  if (!options.from()) return otherwise;
  const auto found = options.from()->find(key);
  if (found == options.from()->end() || !found->is_number_integer() || *found < 0)
    throw Error(errc::invalid_argument, std::string("the checkpoint's position has no valid \"") + key + "\"");
  return found->get<std::uint64_t>();
}

}  // namespace weir::cli
