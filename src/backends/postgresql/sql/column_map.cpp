#include "backends/postgresql/sql/column_map.hpp"

#include "backends/postgresql/sql/merge_patch.hpp"
#include "backends/postgresql/sql/table.hpp"
#include "backends/postgresql/sql/text_condition.hpp"
#include "core/json_text.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <charconv>

namespace weir::postgres {
namespace {

// A function takes at most 100 arguments.
constexpr std::size_t columns_at_once = 50;

std::string object_of(const std::vector<Column>& columns) {
  if (columns.empty()) return "'{}'::jsonb";
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool first = i % columns_at_once == 0;
    if (first) out += i == 0 ? "jsonb_build_object(" : ") || jsonb_build_object(";
    out += (first ? "" : ", ") + quote_literal(columns[i].name) + "::text, " + columns[i].shown();
  }
  return out + ")";
}

// The canonical text of an integer of eight bytes.
bool is_integer_text(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && std::to_string(number) == text;
}

// "r"("name" type, …), behind a function that makes rows of objects
std::string record_of(const std::vector<const Column*>& columns) {
  std::string out = "r(";
  for (const Column* const column : columns)
    out += (out.size() > 2 ? ", " : "") + quote_identifier(column->name) + " " + column->type;
  return out + ")";
}

std::string names_of(const std::vector<Column>& columns) {
  std::string out;
  for (const Column& column : columns) out += (out.empty() ? "\"" : ", \"") + column.name + "\"";
  return out;
}

}  // namespace

ColumnMap::ColumnMap(std::string table, std::vector<Column> columns, const std::string& key, bool read_only)
    : table_(std::move(table)), read_only_(read_only), from_(table_ + " AS t") {
  key_ = choose_key(columns, key);
  columns_ = std::move(columns);
  id_ = key_.text();
  // Where a row lies and which transaction put it there: another pair with every write, also inside one transaction.
  version_ = read_only_ ? "0::int8" : "hashtextextended(t.ctid::text, t.xmin::text::int8)";
  selected_ =
      id_ + " AS id, " + object_of(columns_) + " AS fields, '{}'::jsonb AS metadata, " + version_ + " AS version";
}

Column ColumnMap::choose_key(std::vector<Column>& columns, const std::string& key) const {
  const auto chosen = [&](const Column& column) { return key.empty() ? column.in_primary_key : column.name == key; };
  std::vector<Column> keys;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(keys), chosen);
  if (keys.empty())
    throw Error(errc::invalid_argument,
                key.empty() ? "option key_field: " + table_ + " has no primary key, so a column has to be named"
                            : "option key_field: " + table_ + " has no column \"" + key + "\"");
  if (keys.size() > 1)
    throw Error(errc::invalid_argument, "option key_field: the primary key of " + table_ + " is of several columns, " +
                                            names_of(keys) + ": name one that is unique by itself");
  const Column& one = keys.front();
  if (one.kind != ColumnKind::integer && one.kind != ColumnKind::text && one.kind != ColumnKind::uuid)
    throw column_error(errc::invalid_argument, one, "it cannot be the id: integers, texts and UUIDs can");
  if (one.unique_by.empty() && !read_only_)
    throw column_error(errc::invalid_argument, one, "it cannot be the id: it is not unique by itself, or may be NULL");
  Column out = one;
  columns.erase(std::find_if(columns.begin(), columns.end(), chosen));
  return out;
}

const Column* ColumnMap::find(std::string_view name) const noexcept {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [name](const Column& c) { return c.name == name; });
  return found == columns_.end() ? nullptr : &*found;
}

const Column& ColumnMap::column_of(const Path& path) const {
  const std::string& name = path.keys().front();
  const Column* const column = find(name);
  if (column == nullptr)
    throw Error(errc::invalid_query, "the table " + table_ + " has no column \"" + name + "\"" +
                                         (name == key_.name ? " beside the record's id: compare id()" : ""));
  if (path.keys().size() > 1 && !column->has_inside())
    throw column_error(errc::invalid_query, *column,
                       "nothing is inside it that \"" + path.to_string() + "\" could name");
  return *column;
}

std::string ColumnMap::id_condition(const Comparison& c, const Bind& bind) const {
  if (c.test == Operator::exists) return "true";
  if (c.test != Operator::eq && c.test != Operator::in) return text_condition(id_, id_, c, bind);
  std::vector<std::string> ids;
  for (const Json& operand : c.operands)
    if (const auto* const text = operand.get_ptr<const std::string*>(); text != nullptr && may_be_id(*text))
      ids.push_back(*text);
  if (ids.empty()) return "false";
  if (key_.kind == ColumnKind::text) return text_condition(id_, key_.compares_by_bytes ? key_.sql() : id_, c, bind);
  const std::string type = key_.kind == ColumnKind::uuid ? "uuid" : "int8";
  if (c.test == Operator::eq) return key_.sql() + " = (" + bind(Parameter::text(ids[0])) + "::text)::" + type;
  return key_.sql() + " = ANY((" + bind(Parameter::text_array(ids)) + "::text[])::" + type + "[])";
}

bool ColumnMap::may_be_id(std::string_view id) const {
  if (key_.kind == ColumnKind::integer) return is_integer_text(id);
  return key_.kind != ColumnKind::uuid || canonical_uuid(id) == id;
}

std::string ColumnMap::row_of_id() const {
  if (key_.kind == ColumnKind::integer) return key_.sql() + " = ($1::text)::int8";
  if (key_.kind == ColumnKind::uuid) return key_.sql() + " = ($1::text)::uuid";
  return (key_.compares_by_bytes ? key_.sql() : id_) + " = $1::text";
}

std::string ColumnMap::rows_of_ids() const {
  if (key_.kind == ColumnKind::integer) return key_.sql() + " = ANY(($1::text[])::int8[])";
  if (key_.kind == ColumnKind::uuid) return key_.sql() + " = ANY(($1::text[])::uuid[])";
  return (key_.compares_by_bytes ? key_.sql() : id_) + " = ANY($1::text[])";
}

// ---- writing
// --------------------------------------------------------------------------------------------------------------

void ColumnMap::refuse_write() const {
  if (read_only_) throw Error(errc::unsupported, table_ + " is no table of this server: it is read only");
}

Json ColumnMap::check_all(const Json& fields) const {
  Json out = fields;
  for (const auto& [name, value] : fields.items()) {
    if (name == key_.name) throw column_error(errc::invalid_argument, key_, "it is the record's id and no field");
    const Column* const column = find(name);
    if (column == nullptr)
      throw Error(errc::invalid_argument, "the table " + table_ + " has no column \"" + name + "\"");
    if (column->generated)
      throw column_error(errc::invalid_argument, *column, "the store computes it, so it cannot be written");
    check_value(*column, value);
    if (column->kind == ColumnKind::integer && is_whole(value))
      out[name] = static_cast<std::int64_t>(value.get<double>());
  }
  return out;
}

Json ColumnMap::checked(const std::string& id, const Json& fields, const Json& metadata) const {
  refuse_write();
  if (!may_be_id(id))
    throw column_error(errc::invalid_argument, key_, "the id is no text of this type in its usual form");
  if (!metadata.empty()) throw Error(errc::invalid_argument, "a mapped table has no place for metadata");
  return check_all(fields);
}

Json ColumnMap::checked_patch(const Json& merge_patch) const {
  refuse_write();
  Json plain = merge_patch;
  Json objects = Json::object();
  for (const auto& [name, value] : merge_patch.items()) {
    const Column* const column = find(name);
    if (column == nullptr || !value.is_object()) continue;
    if (column->kind == ColumnKind::composite)
      throw column_error(errc::unsupported, *column, "a part of it cannot be patched: update the record");
    if (column->kind != ColumnKind::json && column->kind != ColumnKind::jsonb) continue;
    objects[name] = value;
    plain.erase(name);
  }
  Json out = check_all(plain);
  for (auto& [name, value] : objects.items()) out[name] = value;
  return out;
}

std::vector<const Column*> ColumnMap::given(const Json& fields) const {
  std::vector<const Column*> out;
  for (const Column& column : columns_)
    if (fields.contains(column.name)) out.push_back(&column);
  return out;
}

// A text is assigned, not cast: a cast would cut it to the column's length.
std::string ColumnMap::id_value(const std::string& text) const {
  return key_.kind == ColumnKind::text ? text + "::text" : "(" + text + "::text)::" + key_.type;
}

std::string ColumnMap::insert_from(const Json& fields, const std::string& id, const std::string& source) const {
  const auto columns = given(fields);
  std::string names = quote_identifier(key_.name);
  std::string values = id_value(id);
  for (const Column* const column : columns) {
    names += ", " + quote_identifier(column->name);
    values += ", r." + quote_identifier(column->name);
  }
  std::string sql = "INSERT INTO " + from_ + " (" + names + ")";
  if (key_.always_identity) sql += " OVERRIDING SYSTEM VALUE";
  return sql + " SELECT " + values + source + (columns.empty() ? std::string() : record_of(columns));
}

// `excluded` has the defaults of columns that were not given.
std::string ColumnMap::replacing() const {
  std::string changes;
  for (const Column& column : columns_) {
    if (column.generated) continue;
    const std::string name = quote_identifier(column.name);
    changes += (changes.empty() ? "" : ", ") + name + " = excluded." + name;
  }
  const std::string key = quote_identifier(key_.name);
  return " ON CONFLICT (" + key + ") DO UPDATE SET " + (changes.empty() ? key + " = excluded." + key : changes);
}

std::string ColumnMap::insert(const Json& fields, bool or_update) const {
  const std::string source = given(fields).empty() ? "" : " FROM jsonb_to_record($2) AS ";
  return insert_from(fields, "$1", source) +
         (or_update ? replacing() : " ON CONFLICT (" + quote_identifier(key_.name) + ") DO NOTHING");
}

std::string ColumnMap::insert_many(const Json& fields, Present present) const {
  std::string source = " FROM unnest($1::text[], $2::jsonb[]) AS i(id, fields)";
  if (!given(fields).empty()) source += ", jsonb_to_record(i.fields) AS ";
  const std::string sql = insert_from(fields, "i.id", source);
  switch (present) {
    case Present::refused: return sql;
    case Present::left_out:
      return sql + " ON CONFLICT (" + quote_identifier(key_.name) + ") DO NOTHING RETURNING " + id_;
    case Present::replaced: return sql + replacing();
  }
  return sql;
}

std::string ColumnMap::update(const Json& fields) const {
  std::string changes;
  for (const Column& column : columns_) {
    if (column.generated) continue;
    const std::string name = quote_identifier(column.name);
    changes += (changes.empty() ? "" : ", ") + name + " = " + (fields.contains(column.name) ? "r." + name : "DEFAULT");
  }
  const std::string key = quote_identifier(key_.name);
  const auto columns = given(fields);
  return "UPDATE " + from_ + " SET " + (changes.empty() ? key + " = t." + key : changes) +
         (columns.empty() ? "" : " FROM jsonb_to_record($2) AS " + record_of(columns));
}

std::string ColumnMap::patch(const Json& merge_patch, const Bind& bind) const {
  std::string changes;
  Json plain = Json::object();
  for (const Column* const column : given(merge_patch)) {
    const Json& value = merge_patch.at(column->name);
    const std::string name = quote_identifier(column->name);
    changes += (changes.empty() ? "" : ", ") + name + " = ";
    const bool document = column->kind == ColumnKind::json || column->kind == ColumnKind::jsonb;
    if (value.is_null()) {
      changes += "NULL";
    } else if (value.is_object() && document) {
      const std::string before = column->document();
      const std::string object =
          "(CASE WHEN jsonb_typeof(" + before + ") = 'object' THEN " + before + " ELSE '{}' END)";
      changes += merge_expression(object, value, bind) + "::" + column->type;
    } else {
      changes += "r." + name;
      plain[column->name] = value;
    }
  }
  const std::string key = quote_identifier(key_.name);
  std::string sql = "UPDATE " + from_ + " SET " + (changes.empty() ? key + " = t." + key : changes);
  if (!plain.empty())
    sql +=
        " FROM jsonb_to_record(" + bind(Parameter::jsonb(core::dump_json(plain))) + ") AS " + record_of(given(plain));
  return sql;
}

std::string ColumnMap::probe(const Column& column) {
  return "SELECT count(*) FROM unnest($1::jsonb[]) AS i(fields), jsonb_to_record(i.fields) AS " + record_of({&column});
}

// A column's input function refuses what a cast would cut.
std::string ColumnMap::probe_id() const {
  return "SELECT count(*) FROM unnest($1::text[]) AS i(id), jsonb_to_record(jsonb_build_object('k', i.id)) AS r(k " +
         key_.type + ")";
}

}  // namespace weir::postgres
