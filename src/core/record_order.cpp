#include "core/record_order.hpp"

namespace weir::core {

void RecordOrder::extract(const Record& record, SortKey* out) const {
  for (const OrderKey& key : keys_) {
    SortKey best;
    if (!key.on_id()) {
      const bool smallest = key.order == Order::asc;
      for_each_value(record.fields, key.path, [&](const Json& value) {
        const Rank rank = rank_of(value);
        if (best.value != nullptr) {
          const int order =
              rank != best.rank ? compare_values(rank, best.rank) : compare_same_rank(rank, value, *best.value);
          if (smallest ? order >= 0 : order <= 0) return;
        }
        best = {&value, rank};
      });
    }
    *out++ = best;
  }
}

int RecordOrder::compare(const Record& left, const SortKey* left_keys, const Record& right,
                         const SortKey* right_keys) const noexcept {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const SortKey& a = left_keys[i];
    const SortKey& b = right_keys[i];
    const bool descending = keys_[i].order == Order::desc;
    int order = 0;
    if (keys_[i].on_id()) {
      order = left.id.compare(right.id);
    } else if (a.rank == Rank::none || b.rank == Rank::none) {
      if (a.rank == b.rank) continue;
      return a.rank == Rank::none ? 1 : -1;
    } else {
      order = a.rank != b.rank ? compare_values(a.rank, b.rank) : compare_same_rank(a.rank, *a.value, *b.value);
    }
    if (order != 0) return descending ? -order : order;
  }
  return left.id.compare(right.id);
}

int RecordOrder::compare(const Record& left, const Record& right) const {
  std::vector<SortKey> keys(2 * width());
  extract(left, keys.data());
  extract(right, keys.data() + width());
  return compare(left, keys.data(), right, keys.data() + width());
}

}  // namespace weir::core
