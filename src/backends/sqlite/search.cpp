#include "backends/sqlite/search.hpp"

#include "backends/sqlite/codec.hpp"
#include "backends/sqlite/operations.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace weir::sqlite {
namespace {

// Appends what the statement gives but for the first `skip`; returns how many rows there were.
std::size_t select_rows(Connection& connection, const Compiled& compiled, const core::Projection* projection,
                        std::size_t skip, std::vector<Record>& records) {
  StatementUse statement(connection, compiled.sql);
  statement->bind_all(compiled.values);
  std::size_t rows = 0;
  for (; statement->step(); ++rows) {
    if (rows < skip) continue;
    records.push_back(read_record(*statement));
    if (projection != nullptr) projection->apply(records.back());
  }
  return rows;
}

bool has_row(Connection& connection, const Compiled& compiled) {
  StatementUse statement(connection, compiled.sql);
  statement->bind_all(compiled.values);
  return statement->step();
}

std::vector<Record> search_ordered(Connection& connection, const Search& search, const core::Projection* projection) {
  std::vector<Record> records;
  const Search::Ordered& ordered = *search.ordered;
  if (has_row(connection, ordered.arrays)) {
    select_rows(connection, search.plain, projection, 0, records);
    return records;
  }
  const std::size_t rows = select_rows(connection, ordered.with_value, projection, ordered.offset, records);
  if (rows == ordered.offset + ordered.limit) return records;
  Compiled rest = ordered.without_value;
  rest.values.end()[-2] = static_cast<std::int64_t>(ordered.limit - records.size());
  rest.values.end()[-1] = static_cast<std::int64_t>(ordered.offset - std::min(ordered.offset, rows));
  select_rows(connection, rest, projection, 0, records);
  return records;
}

std::vector<Record> search_plain(Connection& connection, const Search& search, const core::Projection* projection) {
  std::vector<Record> records;
  select_rows(connection, search.plain, projection, 0, records);
  return records;
}

std::vector<Record> search_in_order(Connection& connection, const Search& search, const core::Projection* projection) {
  if (connection.in_transaction()) return search_ordered(connection, search, projection);
  return in_snapshot(connection, [&] { return search_ordered(connection, search, projection); });
}

// What `body` gives within so many instructions of SQLite's virtual machine, of which a record that is looked at costs
// about twenty.
template <class Body>
std::optional<std::vector<Record>> within(Connection& connection, std::size_t instructions, Body body) {
  constexpr int between_looks = 500;
  bool passed = false;
  try {
    const StatementLimit limit(
        connection, between_looks,
        [left = instructions / between_looks]() mutable {
          if (left == 0) return true;
          --left;
          return false;
        },
        passed);
    return body();
  } catch (const Error&) {
    if (!passed) throw;
    return std::nullopt;
  }
}

// The records of the filter's index and a sort, or the order's index until the page is full: which is quicker depends
// on how many records the filter means, which only the data know. Each is tried for a while, the one that is exact for
// a rare value first; what the tries cost is little beside what the wrong one may.
std::vector<Record> search_by_trial(Connection& connection, const Search& search, const core::Projection* projection) {
  constexpr std::size_t first = 5'000;
  constexpr std::size_t second = 20'000;
  constexpr std::size_t for_each_of_page = 200;
  const auto plain = [&] { return search_plain(connection, search, projection); };
  if (auto records = within(connection, first, plain)) return std::move(*records);
  const std::size_t page = search.ordered->offset + search.ordered->limit;
  const auto in_order = [&] { return search_in_order(connection, search, projection); };
  if (auto records = within(connection, second + for_each_of_page * page, in_order)) return std::move(*records);
  return plain();
}

}  // namespace

std::vector<Record> search_all(Connection& connection, const Search& search, const core::Projection* projection,
                               Attempts attempts) {
  if (!search.ordered) return search_plain(connection, search, projection);
  if (!search.ordered->other_index) return search_in_order(connection, search, projection);
  return attempts == Attempts::several ? search_by_trial(connection, search, projection)
                                       : search_plain(connection, search, projection);
}

Json explain_search(Connection& connection, const Search& search) {
  const bool ordered = search.ordered && !search.ordered->other_index && !has_row(connection, search.ordered->arrays);
  const Compiled& compiled = ordered ? search.ordered->with_value : search.plain;
  Json plan = Json::object();
  plan["statement"] = compiled.sql;
  Json parameters = Json::array();
  for (const Value& value : compiled.values) parameters.push_back(kind_of(value));
  plan["parameters"] = std::move(parameters);
  Json steps = Json::array();
  Json indexes = Json::array();
  Statement statement(connection, "EXPLAIN QUERY PLAN " + compiled.sql);
  statement.bind_all(compiled.values);
  while (statement.step()) {
    std::string step(statement.text(3));
    // "SEARCH records USING INDEX records by age (<expr>>?)"; names may hold blanks.
    if (const auto at = step.find(" INDEX "); at != std::string::npos) {
      std::string name = step.substr(at + 7);
      name = name.substr(0, name.rfind(" ("));
      if (std::find(indexes.begin(), indexes.end(), name) == indexes.end()) indexes.push_back(std::move(name));
    }
    steps.push_back(std::move(step));
  }
  plan["plan"] = std::move(steps);
  plan["index"] = std::move(indexes);
  if (search.ordered && search.ordered->other_index) plan["or_in_order_of"] = search.ordered->with_value.sql;
  return plan;
}

}  // namespace weir::sqlite
