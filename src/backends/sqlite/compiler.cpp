#include "backends/sqlite/compiler.hpp"

#include "backends/sqlite/filter_program.hpp"
#include "backends/sqlite/index_condition.hpp"
#include "backends/sqlite/json_text.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace weir::sqlite {
namespace {

class Builder {
 public:
  explicit Builder(const Table& table) : table_(table) {}

  std::string& sql() { return out_.sql; }
  Compiled finish() { return std::move(out_); }

  std::string bind(Value value) {
    out_.values.push_back(std::move(value));
    return "?" + std::to_string(out_.values.size());
  }

  // " WHERE …", or nothing for a filter that is true of all.
  void where(const Filter& filter, Partition partition = {}) {
    std::vector<const FilterNode*> rest;
    collect(filter.node(), rest);
    const Comparison* best = by_id_ ? nullptr : best_indexed(rest);
    if (best != nullptr) add_index_condition(*best, ArrayRows::included);
    add_filter(filter, rest);
    if (partition.count() > 1) {
      // Whole runs of rows as they are stored, the same for every partition whenever it is read.
      const std::string count = bind(static_cast<std::int64_t>(partition.count()));
      conditions_.push_back("(rowid >> 8) % " + count + " = " + bind(static_cast<std::int64_t>(partition.index())));
    }
    write_conditions();
  }

  // Of the records with a value at the path, none of which is in an array, or of those without.
  void where_value(const Filter& filter, const IndexedPath& path, bool there) {
    const std::string& e = path.expression;
    conditions_.push_back(there ? e + " < " + array_marker : "(" + e + " IS NULL OR " + e + " > " + array_marker + ")");
    std::vector<const FilterNode*> rest;
    collect(filter.node(), rest);
    const auto of_path = [&path](const Comparison& c) { return c.path == path.path; };
    if (const Comparison* best = best_indexed(rest, of_path); there && best != nullptr)
      add_index_condition(*best, ArrayRows::left_out);
    add_filter(filter, rest);
    write_conditions();
  }

  // What the filter would rather go by than by the path's index.
  enum class Preference { none, other_index, ids };
  Preference preference(const Filter& filter, const Path& path) {
    std::vector<const FilterNode*> rest;
    collect(filter.node(), rest);
    if (by_id_) return Preference::ids;
    const Comparison* best = best_indexed(rest);
    return best == nullptr || best->path == path ? Preference::none : Preference::other_index;
  }

  void order(const Query& query, bool by_id) {
    std::string list;
    bool id_seen = false;
    for (const OrderKey& key : query.order()) {
      if (id_seen) break;  // nothing can come after a unique key
      if (!list.empty()) list += ", ";
      const bool descending = key.order == Order::desc;
      if (key.on_id()) {
        list += "id";
        id_seen = true;
      } else {
        list += "weir_key(" + bind(std::make_shared<const KeyProgram>(key.path, key.order)) + ", fields)";
      }
      if (descending) list += " DESC";
      if (!key.on_id()) list += " NULLS LAST";
    }
    if (!id_seen && (by_id || !list.empty())) list += list.empty() ? "id" : ", id";
    if (!list.empty()) out_.sql += " ORDER BY " + list;
  }

  void page(const Query& query) {
    constexpr std::size_t most = std::numeric_limits<std::int64_t>::max();
    if (!query.limit() && query.offset() == 0) return;
    const auto number = [most](std::size_t value) { return static_cast<std::int64_t>(std::min(value, most)); };
    out_.sql += " LIMIT " + bind(query.limit() ? number(*query.limit()) : std::int64_t{-1});
    if (query.offset() != 0) out_.sql += " OFFSET " + bind(number(query.offset()));
  }

 private:
  // Takes the conjunction apart: comparisons of the id become SQL of their own, so that the primary key serves them;
  // the rest is left for the filter function.
  void collect(const FilterNode& node, std::vector<const FilterNode*>& rest) {
    switch (node.kind) {
      case FilterNode::Kind::always: return;
      case FilterNode::Kind::never: conditions_.emplace_back("0"); return;
      case FilterNode::Kind::all_of:
        for (const auto& child : node.children) collect(*child, rest);
        return;
      case FilterNode::Kind::comparison:
        if (node.comparison->on_id && id_condition(*node.comparison)) return;
        break;
      default: break;
    }
    rest.push_back(&node);
  }

  void add_filter(const Filter& filter, const std::vector<const FilterNode*>& rest) {
    if (!rest.empty())
      conditions_.push_back("weir_filter(" + bind(FilterProgram::compile(filter, rest)) + ", id, fields)");
  }

  void write_conditions() {
    const char* separator = " WHERE ";
    for (const std::string& condition : conditions_) {
      out_.sql += separator + condition;
      separator = " AND ";
    }
  }

  // Any number of them in one parameter.
  std::string id_among(const std::vector<Json>& operands) {
    constexpr std::size_t few = 16;
    Json ids = Json::array();
    for (const Json& operand : operands)
      if (operand.is_string()) ids.push_back(operand);
    if (ids.empty()) return "0";
    if (ids.size() > few) return "id IN (SELECT value FROM json_each(" + bind(write_json(ids)) + "))";
    std::string list;
    for (const Json& id : ids) list += (list.empty() ? "" : ", ") + bind(*id.get_ptr<const std::string*>());
    return "id IN (" + list + ")";
  }

  bool id_condition(const Comparison& c) {
    std::string condition;
    const auto text = [](const Json& operand) { return *operand.get_ptr<const std::string*>(); };
    const auto is_text = [](const Json& operand) { return operand.is_string(); };
    const bool usable = std::all_of(c.operands.begin(), c.operands.end(), is_text);
    switch (c.test) {
      case Operator::eq: condition = usable ? "id = " + bind(text(c.operands[0])) : "0"; break;
      case Operator::lt: condition = usable ? "id < " + bind(text(c.operands[0])) : "0"; break;
      case Operator::le: condition = usable ? "id <= " + bind(text(c.operands[0])) : "0"; break;
      case Operator::gt: condition = usable ? "id > " + bind(text(c.operands[0])) : "0"; break;
      case Operator::ge: condition = usable ? "id >= " + bind(text(c.operands[0])) : "0"; break;
      case Operator::between:
        if (!usable) {
          condition = "0";
        } else {
          const std::string low = bind(text(c.operands[0]));
          condition = "(id >= " + low + " AND id <= " + bind(text(c.operands[1])) + ")";
        }
        break;
      case Operator::in: condition = id_among(c.operands); break;
      case Operator::starts_with: {
        const std::string low = bind(text(c.operands[0]));
        condition = "(id >= " + low;
        if (const auto end = end_of_prefix(text(c.operands[0]))) condition += " AND id < " + bind(*end);
        condition += ")";
        break;
      }
      case Operator::exists: condition = "1"; break;
      default: return false;
    }
    if (c.negated) {
      condition = "NOT (" + condition + ")";
    } else if (condition != "1") {
      by_id_ = true;
    }
    conditions_.push_back(std::move(condition));
    return true;
  }

  // The one comparison whose index promises most. It only narrows down: the filter function still decides.
  const Comparison* best_indexed(const std::vector<const FilterNode*>& rest) const {
    return best_indexed(rest, [](const Comparison&) { return true; });
  }
  template <class Wanted>
  const Comparison* best_indexed(const std::vector<const FilterNode*>& rest, Wanted wanted) const {
    const Comparison* best = nullptr;
    for (const FilterNode* node : rest) {
      if (node->kind != FilterNode::Kind::comparison || node->comparison->on_id) continue;
      const Comparison& c = *node->comparison;
      if (table_.index_of(c.path) == nullptr || index_rank(c) == 0 || !wanted(c)) continue;
      if (best == nullptr || index_rank(c) > index_rank(*best)) best = &c;
    }
    return best;
  }

  void add_index_condition(const Comparison& c, ArrayRows arrays) {
    conditions_.push_back(index_condition(c, table_.index_of(c.path)->expression, arrays,
                                          [this](Value value) { return bind(std::move(value)); }));
  }

  const Table& table_;
  Compiled out_;
  std::vector<std::string> conditions_;
  bool by_id_ = false;
};

void refuse_page(const Query& query) {
  if (!query.order().empty() || query.limit() || query.offset() != 0)
    throw Error(errc::invalid_query, "order, limit and offset have no meaning here");
}

constexpr const char* columns = "SELECT id, fields, metadata, version FROM ";

Compiled compile_part(const Table& table, const Query& query, const IndexedPath& path, bool with_value,
                      std::size_t end) {
  Builder builder(table);
  builder.sql() = columns + table.quoted();
  builder.where_value(query.filter(), path, with_value);
  if (with_value) {
    const bool descending = query.order().front().order == Order::desc;
    builder.sql() += " ORDER BY " + path.expression + (descending ? " DESC, id" : ", id");
    builder.sql() += " LIMIT " + builder.bind(static_cast<std::int64_t>(end));
  } else {
    builder.sql() += " ORDER BY id LIMIT " + builder.bind(std::int64_t{0});
    builder.sql() += " OFFSET " + builder.bind(std::int64_t{0});
  }
  return builder.finish();
}

std::optional<Search::Ordered> compile_ordered(const Table& table, const Query& query) {
  // Where SQLite reads doubles inexactly (see index_condition.cpp), neighbours may stand in the wrong order in an
  // index.
  constexpr bool exact = std::numeric_limits<long double>::digits >= 64;
  constexpr std::size_t most = 100'000;
  if (!exact || query.order().size() != 1 || query.order().front().on_id() || !query.limit()) return std::nullopt;
  if (*query.limit() > most || query.offset() > most) return std::nullopt;
  const IndexedPath* path = table.index_of(query.order().front().path);
  if (path == nullptr) return std::nullopt;
  const Builder::Preference preference = Builder(table).preference(query.filter(), path->path);
  if (preference == Builder::Preference::ids) return std::nullopt;
  Search::Ordered out;
  out.other_index = preference == Builder::Preference::other_index;
  out.offset = query.offset();
  out.limit = *query.limit();
  out.arrays.sql = "SELECT 1 FROM " + table.quoted() + " WHERE " + path->expression + " = " + array_marker + " LIMIT 1";
  out.with_value = compile_part(table, query, *path, true, out.offset + out.limit);
  out.without_value = compile_part(table, query, *path, false, 0);
  return out;
}

}  // namespace

Search compile_search(const Table& table, const Query& query) {
  Search search;
  search.plain = compile_select(table, query, true);
  search.ordered = compile_ordered(table, query);
  return search;
}

Compiled compile_select(const Table& table, const Query& query, bool by_id, Partition partition) {
  Builder builder(table);
  const bool paged = query.limit() || query.offset() != 0;
  if (paged && partition.count() > 1) {
    // The query comes first, then the part of its result.
    builder.sql() =
        std::string(columns) + "(SELECT id, fields, metadata, version, rowid AS weir_row FROM " + table.quoted();
    builder.where(query.filter());
    builder.order(query, true);
    builder.page(query);
    builder.sql() += ") WHERE weir_row % " + builder.bind(static_cast<std::int64_t>(partition.count())) + " = " +
                     builder.bind(static_cast<std::int64_t>(partition.index()));
    builder.order(query, true);
    return builder.finish();
  }
  builder.sql() = columns + table.quoted();
  builder.where(query.filter(), partition);
  builder.order(query, by_id || paged);
  builder.page(query);
  return builder.finish();
}

Compiled compile_count(const Table& table, const Query& query) {
  Builder builder(table);
  builder.sql() = "SELECT count(*) FROM " + table.quoted();
  builder.where(query.filter());
  return builder.finish();
}

Compiled compile_remove(const Table& table, const Query& query) {
  refuse_page(query);
  Builder builder(table);
  builder.sql() = "DELETE FROM " + table.quoted();
  builder.where(query.filter());
  return builder.finish();
}

Compiled compile_patch(const Table& table, const Query& query, std::string merge_patch) {
  refuse_page(query);
  Builder builder(table);
  builder.sql() = "UPDATE " + table.quoted() + " SET fields = weir_patch(fields, " +
                  builder.bind(std::move(merge_patch)) + "), version = version + 1";
  builder.where(query.filter());
  return builder.finish();
}

}  // namespace weir::sqlite
