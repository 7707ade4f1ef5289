#include "backends/sqlite/compiler.hpp"

#include <weir/error.hpp>

#include <algorithm>

namespace weir::sqlite {
namespace {

// `$."a"."b"` for the first `keys` keys. Quoted keys are taken literally between the quotes by every SQLite from 3.38
// on.
std::string json_path(const Path& path, std::size_t keys) {
  std::string out = "$";
  for (std::size_t i = 0; i < keys; ++i) out += ".\"" + path.keys()[i] + "\"";
  return out;
}

void check_key(const std::string& name, const std::string& key) {
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != '\x7f';
  });
  if (!plain)
    throw Error(errc::invalid_argument, "option index: \"" + name +
                                            "\" has a key with a quote, backslash or control character, which SQLite's "
                                            "JSON paths cannot name");
}

// json_type is TEXT of a fixed set, so that CASE compares cheaply; json_extract of a scalar is the value itself.
std::string key_expression(const Path& path) {
  const std::string full = quote_text(json_path(path, path.keys().size()));
  std::string out = "CASE json_type(fields, " + full + ")";
  out += " WHEN 'integer' THEN json_extract(fields, " + full + ")";
  out += " WHEN 'real' THEN json_extract(fields, " + full + ")";
  out += " WHEN 'text' THEN json_extract(fields, " + full + ")";
  out += " WHEN 'false' THEN X'00' WHEN 'true' THEN X'01' WHEN 'array' THEN X'02' WHEN 'object' THEN X'03'";
  // The way ends early, at null or at nothing: an array on the way may still hold values.
  if (path.keys().size() > 1) {
    out += " ELSE CASE WHEN";
    for (std::size_t keys = 1; keys < path.keys().size(); ++keys) {
      if (keys > 1) out += " OR";
      out += " json_type(fields, " + quote_text(json_path(path, keys)) + ") IS 'array'";
    }
    out += " THEN X'02' END";
  }
  return out + " END";
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

std::string quote_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

IndexedPath::IndexedPath(std::string text, Path parsed)
    : name(std::move(text)), path(std::move(parsed)), expression(key_expression(path)) {
  for (const std::string& key : path.keys()) check_key(name, key);
}

Table::Table(std::string name, const std::vector<std::string>& indexed_paths)
    : name_(std::move(name)), quoted_(quote_identifier(name_)) {
  if (name_.empty()) throw Error(errc::invalid_argument, "option table: a name is needed");
  for (const std::string& text : indexed_paths) {
    Path path = Path::parse(text);
    if (index_of(path) == nullptr) indexes_.emplace_back(text, std::move(path));
  }
}

const IndexedPath* Table::index_of(const Path& path) const noexcept {
  for (const IndexedPath& index : indexes_)
    if (index.path == path) return &index;
  return nullptr;
}

std::string Table::index_name(const IndexedPath& index) const { return name_ + " by " + index.path.to_string(); }

std::vector<std::string> Table::schema() const {
  std::vector<std::string> out;
  out.push_back("CREATE TABLE IF NOT EXISTS " + quoted_ +
                " (id TEXT NOT NULL PRIMARY KEY, fields TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}', "
                "version INTEGER NOT NULL)");
  for (const IndexedPath& index : indexes_)
    out.push_back("CREATE INDEX IF NOT EXISTS " + quote_identifier(index_name(index)) + " ON " + quoted_ + " (" +
                  index.expression + ", id)");
  return out;
}

}  // namespace weir::sqlite
