#include "cli/formats/csv_writer.hpp"

#include <utility>

namespace weir::cli {
namespace {

std::size_t count_leaves(const Json& object, std::size_t depth) {
  std::size_t leaves = 0;
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>())
    leaves += is_leaf(value, depth + 1) ? 1 : count_leaves(value, depth + 1);
  return leaves;
}

bool fits(const Json& value, CellType type) {
  switch (type.kind) {
    case CellKind::json: return true;
    case CellKind::number: return value.is_number() || (value.is_null() && type.nullable);
    case CellKind::boolean: return value.is_boolean() || (value.is_null() && type.nullable);
    default: return value.is_string() || (value.is_null() && type.nullable);
  }
}

}  // namespace

void CsvWriter::append_cell(std::string& out, std::string_view text, bool quote) const {
  const char special[] = {delimiter_, '"', '\r', '\n', '\0'};
  if (!quote && text.find_first_of(special) == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char byte : text) {
    if (byte == '"') out += '"';
    out += byte;
  }
  out += '"';
}

void CsvWriter::begin(std::string& out) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out += delimiter_;
    auto name = columns_[i].name;
    if (!columns_[i].type.guessed) name += ':' + to_string(columns_[i].type);
    append_cell(out, name, false);
  }
  out += '\n';
}

void CsvWriter::append_value(std::string& out, const Json& value, CellType type) const {
  if (type.kind != CellKind::json && value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    append_cell(out, text, text.empty() || (type.nullable && text == "null"));
    return;
  }
  append_cell(out, value.dump(-1, ' ', false, Json::error_handler_t::replace), false);
}

void CsvWriter::write(std::string& out, const Record& record) {
  append_cell(out, record.id, false);
  std::size_t written = 0;
  for (std::size_t i = 1; i < columns_.size(); ++i) {
    out += delimiter_;
    const Json* value = leaf_at(record.fields, columns_[i].keys);
    if (value == nullptr) continue;
    if (!fits(*value, columns_[i].type))
      throw Error(errc::invalid_argument, "record \"" + excerpt(record.id) + "\": the value of \"" + columns_[i].name +
                                              "\" changed its type while it was exported; run it again");
    append_value(out, *value, columns_[i].type);
    ++written;
  }
  out += '\n';
  if (written != count_leaves(record.fields, 0))
    throw Error(errc::invalid_argument,
                "record \"" + excerpt(record.id) +
                    "\" has a field without a column: it was changed while it was exported; run it again");
}

}  // namespace weir::cli
