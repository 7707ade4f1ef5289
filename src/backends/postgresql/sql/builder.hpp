#pragma once

// Puts the clauses of one statement together. Pure.

#include "backends/postgresql/sql/compiler.hpp"
#include "backends/postgresql/sql/index_condition.hpp"

#include <weir/filter.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir::postgres {

class Builder {
 public:
  explicit Builder(const Table& table) : table_(table) {}

  std::string sql;

  // Gives "$n".
  std::string bind(Parameter value);
  // " WHERE …", or nothing for a filter that is true of all. `more` is a further condition.
  void where(const Filter& filter, std::string more = {});
  // Adds to `sql` the joins that find the sort keys, so it belongs right behind FROM; gives " ORDER BY …".
  std::string order(const Query& query, bool by_id);
  // " LIMIT … OFFSET …"
  void page(const Query& query);
  Compiled finish();

 private:
  // True or not: NULL stands for false.
  std::string condition(const FilterNode& node);
  std::string joined(const FilterNode& node, const char* separator);
  std::string comparison(const Comparison& c);
  std::string id_condition(const Comparison& c, const Bind& binder);
  void add_index_conditions(const FilterNode& node, std::vector<std::string>& conditions);
  std::string sort_key(const OrderKey& key);

  const Table& table_;
  std::vector<Parameter> values_;
  std::size_t sort_keys_ = 0;
};

}  // namespace weir::postgres
