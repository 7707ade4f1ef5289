#pragma once

// The order of search results: by the query's keys, ties by id ascending. A record with no value at a key's path comes
// last in both directions; an array sorts by its smallest element ascending and its largest descending.

#include "core/value_order.hpp"

#include <weir/export.hpp>
#include <weir/query.hpp>

#include <cstddef>
#include <vector>

namespace weir::core {

// What a record is sorted by under one key. Points into the record's fields, which have to outlive it; moving the
// record is fine.
struct SortKey {
  const Json* value = nullptr;  // null: no value, or the key is the id
  Rank rank = Rank::none;
};

class WEIR_API RecordOrder {
 public:
  // Keeps no reference to the query.
  explicit RecordOrder(std::vector<OrderKey> keys) : keys_(std::move(keys)) {}
  explicit RecordOrder(const Query& query) : RecordOrder(query.order()) {}

  // How many SortKeys a record has.
  std::size_t width() const noexcept { return keys_.size(); }
  const std::vector<OrderKey>& keys() const noexcept { return keys_; }
  // Writes `width()` keys.
  void extract(const Record& record, SortKey* out) const;
  // Negative when `left` comes first. Total: 0 only for equal keys and equal ids.
  int compare(const Record& left, const SortKey* left_keys, const Record& right,
              const SortKey* right_keys) const noexcept;
  // The same for two records alone; extracts their keys each time, so not for sorting.
  int compare(const Record& left, const Record& right) const;

 private:
  std::vector<OrderKey> keys_;
};

}  // namespace weir::core
