#include "backends/sqlite/compiler.hpp"

#include "backends/sqlite/filter_program.hpp"
#include "backends/sqlite/index_condition.hpp"

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
    if (!by_id_) add_index_condition(rest);
    if (!rest.empty())
      conditions_.push_back("weir_filter(" + bind(FilterProgram::compile(filter, rest)) + ", id, fields)");
    if (partition.count() > 1) {
      // Whole runs of rows as they are stored, the same for every partition whenever it is read.
      const std::string count = bind(static_cast<std::int64_t>(partition.count()));
      conditions_.push_back("(rowid >> 8) % " + count + " = " + bind(static_cast<std::int64_t>(partition.index())));
    }
    const char* separator = " WHERE ";
    for (const std::string& condition : conditions_) {
      out_.sql += separator + condition;
      separator = " AND ";
    }
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
      case Operator::in: {
        for (const Json& operand : c.operands) {
          if (!operand.is_string()) continue;
          condition += condition.empty() ? "id IN (" : ", ";
          condition += bind(text(operand));
        }
        condition += condition.empty() ? "0" : ")";
        break;
      }
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
  void add_index_condition(const std::vector<const FilterNode*>& rest) {
    const Comparison* best = nullptr;
    for (const FilterNode* node : rest) {
      if (node->kind != FilterNode::Kind::comparison || node->comparison->on_id) continue;
      const Comparison& c = *node->comparison;
      if (table_.index_of(c.path) == nullptr || index_rank(c) == 0) continue;
      if (best == nullptr || index_rank(c) > index_rank(*best)) best = &c;
    }
    if (best == nullptr) return;
    conditions_.push_back(index_condition(*best, table_.index_of(best->path)->expression,
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

}  // namespace

Compiled compile_select(const Table& table, const Query& query, bool by_id, Partition partition) {
  Builder builder(table);
  builder.sql() = "SELECT id, fields, metadata, version FROM " + table.quoted();
  builder.where(query.filter(), partition);
  builder.order(query, by_id || query.limit() || query.offset() != 0);
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
