#include "backends/postgresql/sql/table.hpp"

#include "backends/postgresql/sql/column_map.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <cstdint>

namespace weir::postgres {
namespace {

constexpr std::size_t longest_identifier = 63;  // NAMEDATALEN - 1

// FNV-1a: the same on every machine and in every version.
std::uint64_t digest(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::string hexadecimal(std::uint64_t number, int digits) {
  std::string out;
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[(number >> (4U * static_cast<unsigned>(i))) & 0xFU];
  return out;
}

// "table_middle_end"; a middle that is too long is cut, and a digest of the whole takes its place.
std::string index_name(std::string_view table, std::string_view middle, std::string_view end) {
  std::string whole = std::string(table) + "_" + std::string(middle) + "_" + std::string(end);
  if (whole.size() <= longest_identifier) return whole;
  const std::string mark = "_" + hexadecimal(digest(whole), 8) + "_" + std::string(end);
  std::size_t cut = longest_identifier - mark.size();
  while (cut > 0 && (static_cast<unsigned char>(whole[cut]) & 0xC0U) == 0x80U) --cut;
  return whole.substr(0, cut) + mark;
}

void check_identifier(const char* option, std::string_view name) {
  if (name.size() > longest_identifier || core::check_text(name) != core::TextFault::none)
    throw Error(errc::invalid_argument, std::string("option ") + option + ": a name of at most 63 bytes of UTF-8");
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

// Without backslashes a literal means the same whatever standard_conforming_strings says.
std::string quote_literal(std::string_view text) {
  const bool escapes = text.find('\\') != std::string_view::npos;
  std::string out = escapes ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

IndexedPath::IndexedPath(std::string given, Path parsed, std::string_view table)
    : name(std::move(given)),
      path(std::move(parsed)),
      value_index(index_name(table, name, "value")),
      text_index(index_name(table, name, "text")) {
  std::string at = "fields";
  std::string arrays;  // true where the way meets an array
  for (const std::string& key : path.keys()) {
    at += " -> " + quote_literal(key);
    arrays += (arrays.empty() ? "" : " OR ") + std::string("jsonb_typeof(") + at + ") = 'array'";
  }
  const std::string type = "jsonb_typeof(" + at + ")";
  const std::string string = "((" + at + ") #>> '{}')";
  value = "(CASE WHEN " + arrays + " THEN '[0]'::jsonb WHEN " + type + " = 'object' THEN NULL WHEN " + type +
          " = 'string' AND octet_length(" + string + ") > " + std::to_string(Table::longest_value) +
          " THEN '[0]'::jsonb ELSE " + at + " END)";
  text =
      "(CASE WHEN " + type + " = 'string' THEN left(" + string + ", " + std::to_string(Table::text_prefix) + ") END)";
}

Table::Table(std::string schema, std::string name, const std::vector<std::string>& indexed_paths)
    : schema_(std::move(schema)), name_(std::move(name)) {
  check_identifier("schema", schema_);
  check_identifier("table", name_);
  if (name_.empty()) throw Error(errc::invalid_argument, "option table: the name is empty");
  quoted_ = (schema_.empty() ? "" : quote_identifier(schema_) + ".") + quote_identifier(name_);
  fields_index_ = index_name(name_, "fields", "gin");
  for (const std::string& text : indexed_paths) {
    Path path = Path::parse(text);
    if (index_of(path) == nullptr) indexes_.emplace_back(text, std::move(path), name_);
  }
}

const IndexedPath* Table::index_of(const Path& path) const noexcept {
  const auto found = std::find_if(indexes_.begin(), indexes_.end(), [&](const auto& i) { return i.path == path; });
  return found == indexes_.end() ? nullptr : &*found;
}

Table Table::with_columns(std::shared_ptr<const ColumnMap> columns) const {
  Table out = *this;
  out.columns_ = std::move(columns);
  return out;
}

const std::string& Table::from() const noexcept { return columns_ ? columns_->from() : quoted_; }

const std::string& Table::id() const noexcept {
  static const std::string name = "id";
  return columns_ ? columns_->id() : name;
}

const std::string& Table::selected() const noexcept {
  static const std::string names = "id, fields, metadata, version";
  return columns_ ? columns_->selected() : names;
}

std::string Table::row_of_id() const { return columns_ ? columns_->row_of_id() : "id = $1"; }

std::vector<std::string> Table::index_names() const {
  std::vector<std::string> names{fields_index_};
  for (const IndexedPath& index : indexes_) {
    names.push_back(index.value_index);
    names.push_back(index.text_index);
  }
  return names;
}

std::vector<std::string> Table::definition() const {
  std::vector<std::string> out;
  // The column `version` has a sequence of its own, so that no version is ever given twice, not even after a removal.
  out.push_back("CREATE TABLE IF NOT EXISTS " + quoted_ +
                " (id text COLLATE \"C\" PRIMARY KEY, fields jsonb NOT NULL, metadata jsonb NOT NULL DEFAULT '{}', "
                "version bigserial NOT NULL)");
  out.push_back("CREATE INDEX IF NOT EXISTS " + quote_identifier(fields_index_) + " ON " + quoted_ +
                " USING gin (fields jsonb_path_ops)");
  for (const IndexedPath& index : indexes_) {
    out.push_back("CREATE INDEX IF NOT EXISTS " + quote_identifier(index.value_index) + " ON " + quoted_ + " (" +
                  index.value + ")");
    out.push_back("CREATE INDEX IF NOT EXISTS " + quote_identifier(index.text_index) + " ON " + quoted_ + " (" +
                  index.text + " COLLATE \"C\")");
  }
  return out;
}

std::int64_t Table::lock_key() const noexcept { return static_cast<std::int64_t>(digest("weir " + quoted_)); }

}  // namespace weir::postgres
