#include "backends/postgresql/sql/builder.hpp"

#include "backends/postgresql/sql/index_condition.hpp"
#include "backends/postgresql/sql/json_path.hpp"
#include "backends/postgresql/sql/pattern.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <limits>

namespace weir::postgres {
namespace {

// The protocol counts parameters in 16 bits.
constexpr std::size_t most_parameters = 65'535;

const char* sql_operator(Operator op) {
  switch (op) {
    case Operator::lt: return " < ";
    case Operator::le: return " <= ";
    case Operator::gt: return " > ";
    case Operator::ge: return " >= ";
    default: return " = ";
  }
}

const std::string* text_of(const Json& operand) { return operand.get_ptr<const std::string*>(); }

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
  add_index_conditions(filter.node(), conditions);
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
  std::string out;
  if (c.on_id) {
    out = id_condition(c);
  } else if (c.test == Operator::in && c.operands.empty()) {
    out = "false";
  } else {
    out = "fields @? " + bind(Parameter::jsonpath(json_path(c)));
  }
  if (c.or_missing && !c.on_id)
    out = "(" + out + " OR (fields @? " + bind(Parameter::jsonpath(json_path_exists(c.path))) + ") IS NOT TRUE)";
  return c.negated ? "(" + out + ") IS NOT TRUE" : out;
}

std::string Builder::id_condition(const Comparison& c) {
  const bool texts = std::all_of(c.operands.begin(), c.operands.end(), [](const Json& o) { return o.is_string(); });
  const auto operand = [&](std::size_t i) { return bind(Parameter::text(*text_of(c.operands[i]))); };
  switch (c.test) {
    case Operator::exists: return "true";
    case Operator::in: {
      std::vector<std::string> ids;
      for (const Json& one : c.operands)
        if (const std::string* text = text_of(one)) ids.push_back(*text);
      return ids.empty() ? "false" : "id = ANY(" + bind(Parameter::text_array(ids)) + ")";
    }
    case Operator::eq:
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge: return texts ? "id" + std::string(sql_operator(c.test)) + operand(0) : "false";
    case Operator::between: {
      if (!texts) return "false";
      const std::string low = operand(0);
      return "(id >= " + low + " AND id <= " + operand(1) + ")";
    }
    case Operator::starts_with: {
      const std::string low = operand(0);
      const auto end = end_of_prefix(*text_of(c.operands[0]));
      return end ? "(id >= " + low + " AND id < " + bind(Parameter::text(*end)) + ")" : "(id >= " + low + ")";
    }
    case Operator::contains: return "strpos(id, " + operand(0) + ") > 0";
    case Operator::like:
    case Operator::ilike: return "id ~ " + bind(Parameter::text(regular_expression(*c.like)));
    case Operator::regex: return "id ~ " + bind(Parameter::text(regular_expression(*c.regex)));
    default: throw Error(errc::unsupported, "match on the id: PostgreSQL tables have no full text index here");
  }
}

// The smallest or largest value at the path: its rank among the types, and the value as a number or a text.
std::string Builder::sort_key(const OrderKey& key) {
  const std::string name = "k" + std::to_string(++sort_keys_);
  const std::string path = bind(Parameter::jsonpath(json_path(key.path)));
  const std::string down = key.order == Order::desc ? " DESC" : "";
  sql +=
      " LEFT JOIN LATERAL (SELECT r, n, s FROM (SELECT CASE jsonb_typeof(v) WHEN 'number' THEN 0 WHEN 'string' THEN 1 "
      "WHEN 'boolean' THEN 2 END AS r, CASE jsonb_typeof(v) WHEN 'number' THEN v::numeric WHEN 'boolean' THEN "
      "v::boolean::int::numeric END AS n, CASE jsonb_typeof(v) WHEN 'string' THEN v #>> '{}' END AS s FROM "
      "jsonb_path_query(fields, " +
      path + ") AS v) AS found WHERE r IS NOT NULL ORDER BY r" + down + ", n" + down + ", s COLLATE \"C\"" + down +
      " LIMIT 1) AS " + name + " ON true";
  std::string list;
  for (const char* column : {".r", ".n", ".s COLLATE \"C\""})
    list += (list.empty() ? "" : ", ") + name + column + down + " NULLS LAST";
  return list;
}

std::string Builder::order(const Query& query, bool by_id) {
  std::string list;
  bool id_seen = false;
  for (const OrderKey& key : query.order()) {
    if (id_seen) break;  // nothing can come after a unique key
    if (!list.empty()) list += ", ";
    if (key.on_id()) {
      list += key.order == Order::desc ? "id DESC" : "id";
      id_seen = true;
    } else {
      list += sort_key(key);
    }
  }
  if (!id_seen && (by_id || !list.empty())) list += list.empty() ? "id" : ", id";
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
