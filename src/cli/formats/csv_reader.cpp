#include "cli/formats/csv_reader.hpp"

#include "cli/formats/dotted_name.hpp"
#include "cli/formats/text_start.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t sampled_rows = 1000;
constexpr std::size_t sampled_bytes = std::size_t{4} << 20;

// The object in which the last key of a column goes, or null when a plain value of another column is in the way.
Json* make_way(Json& root, const std::vector<std::string>& keys) {
  Json* at = &root;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    at = &(*at)[keys[i]];
    if (at->is_null()) *at = Json::object();
    if (!at->is_object()) return nullptr;
  }
  return at;
}

}  // namespace

CsvReader::CsvReader(ByteSource& source, ReaderOptions options)
    : options_(std::move(options)),
      input_(source, position_number(options_, "offset", 0)),
      rows_(input_, options_.delimiter(), options_.max_item_bytes(), position_number(options_, "line", 1)) {
  if (options_.from() && options_.from()->contains("columns")) resume(*options_.from());
}

void CsvReader::fail(std::uint64_t line, const std::string& reason) const {
  throw Error(errc::invalid_argument, options_.file() + ":" + std::to_string(line) + ": " + reason);
}

void CsvReader::resume(const Json& from) {
  begun_ = true;
  for (const auto& [name, type] : from.at("columns").get<std::vector<std::pair<std::string, Json>>>()) {
    CsvColumn column;
    column.name = name;
    column.keys = type.at("keys").get<std::vector<std::string>>();
    if (const auto parsed = parse_cell_type(type.at("type").get<std::string>())) column.type = *parsed;
    column.type.guessed = type.at("guessed").get<bool>();
    columns_.push_back(std::move(column));
  }
}

void CsvReader::begin() {
  begun_ = true;
  begin_text(input_, options_.file());
  read_header();
  declare_types();
  sample();
}

void CsvReader::read_header() {
  CsvRow header;
  if (!rows_.next(header)) fail(1, "the input is empty; the first row of CSV names the columns");
  if (header.problem) raise(options_.file(), *header.problem);
  std::set<std::vector<std::string>> known;
  for (const auto& cell : header.cells) {
    CsvColumn column;
    column.name = cell.text;
    const auto colon = cell.text.rfind(':');
    if (colon != std::string::npos)
      if (const auto type = parse_cell_type(std::string_view(cell.text).substr(colon + 1))) {
        column.name = cell.text.substr(0, colon);
        column.type = *type;
      }
    if (column.name.empty()) fail(cell.line, "column " + std::to_string(columns_.size() + 1) + " has no name");
    if (column.name == options_.id_field()) {
      column.keys = {column.name};
      column.type = CellType{CellKind::text, false, false};
    } else {
      auto keys = split_dotted(column.name);
      if (!keys)
        fail(cell.line,
             "column \"" + excerpt(column.name) +
                 "\": a dot in a name makes nesting and stands between two keys; a dot in a key is written \\.");
      column.keys = std::move(*keys);
    }
    if (!known.insert(column.keys).second) fail(cell.line, "there are two columns \"" + excerpt(column.name) + "\"");
    columns_.push_back(std::move(column));
  }
}

void CsvReader::declare_types() {
  for (const auto& [name, type] : parse_types(options_.types())) {
    const auto column = std::ranges::find(columns_, name, &CsvColumn::name);
    if (column == columns_.end()) {
      std::string all;
      for (const auto& known : columns_) all += (all.empty() ? "" : ", ") + excerpt(known.name);
      throw Error(errc::invalid_argument, options_.file() + ": --types names column \"" + excerpt(name) +
                                              "\", which is not there; the columns are " + all);
    }
    if (column->name != options_.id_field()) column->type = type;
  }
}

void CsvReader::sample() {
  std::size_t bytes = 0;
  while (sampled_.size() < sampled_rows && bytes < sampled_bytes) {
    CsvRow row;
    if (!rows_.next(row)) break;
    bytes += row.size;
    sampled_.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto& type = columns_[i].type;
    if (!type.guessed) continue;
    for (const auto& row : sampled_) {
      if (row.problem || row.cells.size() != columns_.size()) continue;
      const auto& cell = row.cells[i];
      if (cell.text.empty()) continue;
      const auto kind = guess(cell.text);
      if (type.kind == CellKind::any) type.kind = kind;
      if (type.kind != kind) type.kind = CellKind::text;
    }
  }
}

bool CsvReader::take_row(CsvRow& row) {
  if (sampled_.empty()) return rows_.next(row);
  row = std::move(sampled_.front());
  sampled_.pop_front();
  return true;
}

bool CsvReader::next(Document& document) {
  if (!begun_) begin();
  CsvRow row;
  if (!take_row(row)) return false;
  document.problem.reset();
  document.text.clear();
  document.value = Json::object();
  document.line = row.line;
  document.offset = row.offset;
  document.size = row.size;
  if (row.problem) {
    document.problem = std::move(row.problem);
    return true;
  }
  fill(row, document);
  if (options_.keep_text()) document.text = std::move(row.text);
  return true;
}

void CsvReader::fill(const CsvRow& row, Document& document) {
  const auto report = [&](std::uint64_t line, std::string reason) {
    document.problem.emplace();
    document.problem->line = line;
    document.problem->reason = std::move(reason);
    document.problem->text = row.text;
  };
  if (row.cells.size() != columns_.size()) {
    report(row.line, std::to_string(row.cells.size()) + (row.cells.size() == 1 ? " cell" : " cells") +
                         " where the header has " + std::to_string(columns_.size()));
    return;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto& column = columns_[i];
    const auto& cell = row.cells[i];
    if (column.type.kind == CellKind::any && !cell.text.empty()) column.type.kind = guess(cell.text);
    try {
      auto value = convert(cell, column.type);
      if (!value) continue;
      Json* object = make_way(document.value, column.keys);
      if (object == nullptr || object->contains(column.keys.back())) {
        report(cell.line, "column \"" + excerpt(column.name) + "\": another column has a value on the way to it");
        return;
      }
      (*object)[column.keys.back()] = std::move(*value);
    } catch (const JsonTextError& error) {
      auto reason = "column \"" + excerpt(column.name) + "\": " + error.reason();
      if (column.type.guessed)
        reason += ", as the values before it are; --types " + column.name + ":string takes all as text";
      report(cell.line, std::move(reason));
      return;
    }
  }
}

Json CsvReader::position() const {
  Json position = Json::object();
  position["offset"] = sampled_.empty() ? input_.offset() : sampled_.front().offset;
  position["line"] = sampled_.empty() ? rows_.line() : sampled_.front().line;
  if (!begun_) return position;
  auto& columns = position["columns"] = Json::array();
  for (const auto& column : columns_) {
    Json type = Json::object();
    type["keys"] = column.keys;
    type["type"] = to_string(column.type);
    type["guessed"] = column.type.guessed;
    columns.push_back(Json::array({column.name, std::move(type)}));
  }
  return position;
}

}  // namespace weir::cli
