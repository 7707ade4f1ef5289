#include "core/evaluate.hpp"

#include "core/project.hpp"
#include "core/selection.hpp"

namespace weir::core {
namespace {

void project(std::vector<Record>& records, const Query& query) {
  if (!query.select()) return;
  const Projection projection(*query.select());
  for (Record& record : records) projection.apply(record);
}

}  // namespace

std::vector<Record> evaluate(std::vector<Record> records, const Query& query) {
  Selection<Record*> selection(query);
  for (Record& record : records) selection.offer(&record);
  std::vector<Record> out;
  for (Record* record : selection.take()) out.push_back(std::move(*record));
  project(out, query);
  return out;
}

std::vector<Record> evaluate(const std::vector<const Record*>& records, const Query& query) {
  Selection<const Record*> selection(query);
  for (const Record* record : records) selection.offer(record);
  std::vector<Record> out;
  for (const Record* record : selection.take()) out.push_back(*record);
  project(out, query);
  return out;
}

}  // namespace weir::core
