#pragma once

#include <cstddef>

namespace weir::detail {

template <class T>
struct ListHook {
  T* previous = nullptr;
  T* next = nullptr;
  bool linked = false;
};

/// A doubly linked list of objects that live elsewhere: every operation is O(1) and none allocates.
template <class T, ListHook<T> T::* hook>
class IntrusiveList {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  T* front() const noexcept { return first_; }
  T* back() const noexcept { return last_; }
  static T* next(const T* item) noexcept { return (item->*hook).next; }
  static T* previous(const T* item) noexcept { return (item->*hook).previous; }

  void push_back(T* item) noexcept {
    (item->*hook) = ListHook<T>{last_, nullptr, true};
    (last_ != nullptr ? (last_->*hook).next : first_) = item;
    last_ = item;
    ++size_;
  }

  /// Before `place`, which is in the list; at the end when null.
  void insert_before(T* place, T* item) noexcept {
    if (place == nullptr) return push_back(item);
    T* const before = (place->*hook).previous;
    (item->*hook) = ListHook<T>{before, place, true};
    (before != nullptr ? (before->*hook).next : first_) = item;
    (place->*hook).previous = item;
    ++size_;
  }

  void remove(T* item) noexcept {
    auto& h = item->*hook;
    (h.previous != nullptr ? (h.previous->*hook).next : first_) = h.next;
    (h.next != nullptr ? (h.next->*hook).previous : last_) = h.previous;
    h = ListHook<T>{};
    --size_;
  }

  T* pop_front() noexcept {
    T* const item = first_;
    if (item != nullptr) remove(item);
    return item;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace weir::detail
