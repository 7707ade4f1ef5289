#include "backends/postgresql/sql/builder.hpp"

#include "backends/postgresql/sql/column_condition.hpp"
#include "backends/postgresql/sql/column_map.hpp"
#include "backends/postgresql/sql/index_condition.hpp"
#include "backends/postgresql/sql/json_path.hpp"
#include "backends/postgresql/sql/text_condition.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <limits>

namespace weir::postgres {
namespace {

// The protocol counts parameters in 16 bits.
constexpr std::size_t most_parameters = 65'535;

}  // namespace

std::string Builder::bind(Parameter value) {
  if (values_.size() == most_parameters)
    throw Error(errc::invalid_query, "more than 65535 values in one statement: PostgreSQL takes no more");
  values_.push_back(std::move(value));
  return "$" + std::to_string(values_.size());
}

Compiled Builder::finish() {
  Compiled out;
  out.sql = std::move(sql);
  out.values = std::move(values_);
  return out;
}

void Builder::where(const Filter& filter, std::string more) {
  std::vector<std::string> conditions;
  if (table_.columns() == nullptr) add_index_conditions(filter.node(), conditions);
  if (!filter.always()) conditions.push_back(condition(filter.node()));
  if (!more.empty()) conditions.push_back(std::move(more));
  const char* separator = " WHERE ";
  for (const std::string& one : conditions) {
    sql += separator + one;
    separator = " AND ";
  }
}

// Of the comparisons that all have to be true.
void Builder::add_index_conditions(const FilterNode& node, std::vector<std::string>& conditions) {
  if (node.kind == FilterNode::Kind::all_of) {
    for (const auto& child : node.children) add_index_conditions(*child, conditions);
    return;
  }
  if (node.kind != FilterNode::Kind::comparison || node.comparison->on_id) return;
  const IndexedPath* index = table_.index_of(node.comparison->path);
  if (index == nullptr) return;
  const Bind binder = [this](Parameter value) { return bind(std::move(value)); };
  if (auto found = index_condition(*node.comparison, *index, binder)) conditions.push_back(std::move(*found));
}

std::string Builder::condition(const FilterNode& node) {
  switch (node.kind) {
    case FilterNode::Kind::always: return "true";
    case FilterNode::Kind::never: return "false";
    case FilterNode::Kind::comparison: return comparison(*node.comparison);
    case FilterNode::Kind::all_of: return joined(node, " AND ");
    case FilterNode::Kind::any_of: return joined(node, " OR ");
    case FilterNode::Kind::negation: return "(" + condition(*node.children[0]) + ") IS NOT TRUE";
  }
  return "false";
}

std::string Builder::joined(const FilterNode& node, const char* separator) {
  std::string out = "(";
  for (const auto& child : node.children) {
    if (out.size() > 1) out += separator;
    out += condition(*child);
  }
  return out + ")";
}

std::string Builder::comparison(const Comparison& c) {
  const Bind binder = [this](Parameter value) { return bind(std::move(value)); };
  std::string out;
  std::string missing;
  if (c.on_id) {
    out = id_condition(c, binder);
  } else if (const ColumnMap* const columns = table_.columns()) {
    const Column& column = columns->column_of(c.path);
    const bool nothing = c.test == Operator::in && c.operands.empty();
    out = nothing ? "false" : column_condition(column, c, binder);
    if (c.or_missing) missing = column_exists(column, c.path, binder);
  } else {
    const bool nothing = c.test == Operator::in && c.operands.empty();
    out = nothing ? "false" : "fields @? " + bind(Parameter::jsonpath(json_path(c)));
    if (c.or_missing) missing = "fields @? " + bind(Parameter::jsonpath(json_path_exists(c.path)));
  }
  if (!missing.empty()) out = "(" + out + " OR (" + missing + ") IS NOT TRUE)";
  return c.negated ? "(" + out + ") IS NOT TRUE" : out;
}

std::string Builder::id_condition(const Comparison& c, const Bind& binder) {
  if (const ColumnMap* const columns = table_.columns()) return columns->id_condition(c, binder);
  return c.test == Operator::exists ? "true" : text_condition("id", "id", c, binder);
}

// The smallest or largest value at the path: its rank among the types, and the value as a number or a text.
std::string Builder::sort_key(const OrderKey& key) {
  const std::string down = key.order == Order::desc ? " DESC" : "";
  const Column* const column = table_.columns() != nullptr ? &table_.columns()->column_of(key.path) : nullptr;
  if (column != nullptr && !column->has_inside()) {
    const bool as_text =
        column->kind == ColumnKind::text || column->kind == ColumnKind::name || column->kind == ColumnKind::other;
    return (as_text ? column->text() : column->sql()) + down + " NULLS LAST";
  }
  const std::string name = "k" + std::to_string(++sort_keys_);
  const std::string document = column != nullptr ? column->document() : "fields";
  const std::string path = bind(Parameter::jsonpath(json_path(key.path, column != nullptr ? 1 : 0)));
  sql +=
      " LEFT JOIN LATERAL (SELECT r, n, s FROM (SELECT CASE jsonb_typeof(v) WHEN 'number' THEN 0 WHEN 'string' THEN 1 "
      "WHEN 'boolean' THEN 2 END AS r, CASE jsonb_typeof(v) WHEN 'number' THEN v::numeric WHEN 'boolean' THEN "
      "v::boolean::int::numeric END AS n, CASE jsonb_typeof(v) WHEN 'string' THEN v #>> '{}' END AS s FROM "
      "jsonb_path_query(" +
      document + ", " + path + ") AS v) AS found WHERE r IS NOT NULL ORDER BY r" + down + ", n" + down +
      ", s COLLATE \"C\"" + down + " LIMIT 1) AS " + name + " ON true";
  std::string list;
  for (const char* part : {".r", ".n", ".s COLLATE \"C\""})
    list += (list.empty() ? "" : ", ") + name + part + down + " NULLS LAST";
  return list;
}

std::string Builder::order(const Query& query, bool by_id) {
  std::string list;
  bool id_seen = false;
  for (const OrderKey& key : query.order()) {
    if (id_seen) break;  // nothing can come after a unique key
    if (!list.empty()) list += ", ";
    if (key.on_id()) {
      list += table_.id() + (key.order == Order::desc ? " DESC" : "");
      id_seen = true;
    } else {
      list += sort_key(key);
    }
  }
  if (!id_seen && (by_id || !list.empty())) list += (list.empty() ? "" : ", ") + table_.id();
  return list.empty() ? list : " ORDER BY " + list;
}

void Builder::page(const Query& query) {
  static constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
  const auto number = [this](std::size_t value) {
    return bind(Parameter::integer(static_cast<std::int64_t>(std::min(value, most))));
  };
  if (query.limit()) sql += " LIMIT " + number(*query.limit());
  if (query.offset() != 0) sql += " OFFSET " + number(query.offset());
}

}  // namespace weir::postgres
