#pragma once

// Filter, order and page over records that come one by one, with the sort keys of each taken once. Where there is a
// limit, only offset + limit records are held, in a heap whose top is the last of them.

#include "core/record_order.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace weir::core {

inline const Record& record_of(const Record& record) noexcept { return record; }
inline const Record& record_of(const Record* record) noexcept { return *record; }
template <class Pointer>
auto record_of(const Pointer& pointer) noexcept -> decltype(static_cast<const Record&>(*pointer)) {
  return *pointer;
}

// `Handle`: Record, a pointer or a smart pointer to one. What a handle points to must not change before `take`.
template <class Handle>
class Selection {
 public:
  explicit Selection(const Query& query) : filter_(query.filter()), order_(query), offset_(query.offset()) {
    if (!query.limit()) return;
    const std::size_t limit = *query.limit();
    const bool bounded = limit == 0 || limit <= std::numeric_limits<std::size_t>::max() - offset_;
    if (limit == 0)
      capacity_ = 0;
    else if (bounded)
      capacity_ = offset_ + limit;
  }

  // Takes the record when it satisfies the filter and is not known to be behind the page. Whether it satisfied the
  // filter.
  bool offer(Handle handle) {
    if (!filter_.compare(record_of(handle))) return false;
    add(std::move(handle));
    return true;
  }

  // The same for a record that is known to satisfy the filter.
  void add(Handle handle) {
    if (capacity_ == std::size_t{0}) return;
    if (capacity_ && entries_.size() == *capacity_) {
      scratch_.resize(order_.width());
      order_.extract(record_of(handle), scratch_.data());
      const Entry& last = entries_.front();
      if (order_.compare(record_of(handle), scratch_.data(), record_of(last.handle), keys_of(last)) >= 0) return;
      std::pop_heap(entries_.begin(), entries_.end(), before());
      const std::size_t slot = entries_.back().slot;
      std::copy(scratch_.begin(), scratch_.end(), keys_.begin() + static_cast<std::ptrdiff_t>(slot * order_.width()));
      entries_.back() = Entry{std::move(handle), slot};
      std::push_heap(entries_.begin(), entries_.end(), before());
      return;
    }
    const std::size_t slot = entries_.size();
    keys_.resize(keys_.size() + order_.width());
    order_.extract(record_of(handle), keys_.data() + slot * order_.width());
    entries_.push_back(Entry{std::move(handle), slot});
    if (capacity_ == entries_.size()) std::make_heap(entries_.begin(), entries_.end(), before());
  }

  // The page, in order. The selection is empty afterwards.
  std::vector<Handle> take() {
    std::sort(entries_.begin(), entries_.end(), before());
    std::vector<Handle> out;
    if (offset_ < entries_.size()) {
      out.reserve(entries_.size() - offset_);
      for (std::size_t i = offset_; i < entries_.size(); ++i) out.push_back(std::move(entries_[i].handle));
    }
    entries_.clear();
    keys_.clear();
    return out;
  }

 private:
  struct Entry {
    Handle handle;
    std::size_t slot;
  };
  const SortKey* keys_of(const Entry& entry) const noexcept { return keys_.data() + entry.slot * order_.width(); }
  auto before() const noexcept {
    return [this](const Entry& a, const Entry& b) {
      return order_.compare(record_of(a.handle), keys_of(a), record_of(b.handle), keys_of(b)) < 0;
    };
  }

  Filter filter_;
  RecordOrder order_;
  std::size_t offset_;
  std::optional<std::size_t> capacity_;
  std::vector<Entry> entries_;
  std::vector<SortKey> keys_;  // `width` of them for every slot
  std::vector<SortKey> scratch_;
};

}  // namespace weir::core
