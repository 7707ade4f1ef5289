#include "cli/formats/csv_columns.hpp"

#include "cli/formats/dotted_name.hpp"
#include "cli/formats/record_form.hpp"

#include <algorithm>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t deepest_column = 32;
constexpr std::size_t most_columns = 10000;

template <class F>
void for_each_leaf(const Json& object, std::vector<std::string>& keys, F&& leaf) {
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>()) {
    keys.push_back(key);
    if (is_leaf(value, keys.size()))
      leaf(std::as_const(keys), value);
    else
      for_each_leaf(value, keys, leaf);
    keys.pop_back();
  }
}

}  // namespace

bool is_leaf(const Json& value, std::size_t depth) {
  if (!value.is_object() || value.empty() || depth >= deepest_column) return true;
  return value.contains("");
}

void CsvColumns::add(const Record& record) {
  check_id_field(record, id_field_);
  if (record.fields.contains(""))
    throw Error(errc::invalid_argument,
                "record \"" + excerpt(record.id) + "\" has a field without a name, which CSV cannot hold");
  std::vector<std::string> keys;
  for_each_leaf(record.fields, keys, [this](const std::vector<std::string>& path, const Json& value) {
    auto found = seen_.find(path);
    if (found == seen_.end()) {
      if (seen_.size() == most_columns)
        throw Error(errc::too_large, "the records have more than " + std::to_string(most_columns) +
                                         " different paths; choose the columns with --select, or another format");
      found = seen_.emplace(path, Seen{}).first;
      found->second.order = seen_.size();
    }
    auto& seen = found->second;
    switch (value.type()) {
      case Json::value_t::null: seen.null = true; break;
      case Json::value_t::boolean: seen.boolean = true; break;
      case Json::value_t::string: {
        const auto& text = value.get_ref<const std::string&>();
        seen.text = true;
        if (text.empty() || guess(text) != CellKind::text) seen.misleading_text = true;
        break;
      }
      case Json::value_t::number_integer:
      case Json::value_t::number_unsigned:
      case Json::value_t::number_float: seen.number = true; break;
      default: seen.json = true;
    }
  });
}

std::vector<CsvColumn> CsvColumns::columns() const {
  std::vector<std::pair<std::size_t, CsvColumn>> ordered;
  for (const auto& [keys, seen] : seen_) {
    CsvColumn column;
    column.keys = keys;
    column.name = join_dotted(keys);
    const int kinds = int{seen.text} + int{seen.number} + int{seen.boolean} + int{seen.json};
    if (seen.json || kinds > 1)
      column.type.kind = CellKind::json;
    else if (seen.number)
      column.type.kind = CellKind::number;
    else if (seen.boolean)
      column.type.kind = CellKind::boolean;
    else
      column.type.kind = CellKind::text;
    column.type.nullable = seen.null && column.type.kind != CellKind::json;
    const auto colon = column.name.rfind(':');
    const bool like_typed =
        colon != std::string::npos && parse_cell_type(std::string_view(column.name).substr(colon + 1)).has_value();
    column.type.guessed = column.type.kind != CellKind::json && !seen.null && !seen.misleading_text && !like_typed;
    ordered.emplace_back(seen.order, std::move(column));
  }
  std::ranges::sort(ordered, {}, [](const auto& entry) { return entry.first; });
  std::vector<CsvColumn> columns(1);
  columns.front().name = id_field_;
  columns.front().keys = {id_field_};
  columns.front().type = CellType{CellKind::text, false, true};
  for (auto& [order, column] : ordered) columns.push_back(std::move(column));
  return columns;
}

const Json* leaf_at(const Json& fields, const std::vector<std::string>& keys) {
  const Json* at = &fields;
  for (std::size_t depth = 0; depth < keys.size(); ++depth) {
    if (!at->is_object() || (depth > 0 && is_leaf(*at, depth))) return nullptr;
    const auto found = at->find(keys[depth]);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return is_leaf(*at, keys.size()) ? at : nullptr;
}

}  // namespace weir::cli
