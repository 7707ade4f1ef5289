#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

/// The addresses of one name: how long they are good for and in which order they are tried. Pure.
namespace weir::net {

/// Remembers one name's addresses. `Address` needs only to be copied; `ipv6` is told by the caller.
template <class Address>
class AddressBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    Address address;
    bool ipv6 = false;
  };

  explicit AddressBook(std::chrono::milliseconds ttl) : ttl_(ttl) {}

  /// Still good: no need to ask.
  bool fresh(TimePoint now) const noexcept { return !entries_.empty() && now < good_until_; }
  /// There is something to try when asking fails, for ten times as long.
  bool usable(TimePoint now) const noexcept { return !entries_.empty() && now < usable_until_; }

  void put(std::vector<Entry> entries, TimePoint now) {
    entries_ = std::move(entries);
    good_until_ = now + ttl_;
    usable_until_ = now + 10 * ttl_;
  }
  /// No address answered: ask again before the next connect.
  void doubt() noexcept { good_until_ = TimePoint::min(); }

  /// In the order to try: families alternate, beginning with the first one's (RFC 8305 §4), and every call begins with
  /// the next address of each family, so that connections spread over them.
  std::vector<Address> order() {
    std::vector<Address> first, second;
    for (const auto& entry : entries_) (entry.ipv6 == entries_.front().ipv6 ? first : second).push_back(entry.address);
    const auto turn = turns_++;
    std::vector<Address> out;
    out.reserve(entries_.size());
    for (std::size_t i = 0; i < first.size() || i < second.size(); ++i) {
      if (i < first.size()) out.push_back(first[(i + turn) % first.size()]);
      if (i < second.size()) out.push_back(second[(i + turn) % second.size()]);
    }
    return out;
  }

 private:
  std::chrono::milliseconds ttl_;
  std::vector<Entry> entries_;
  TimePoint good_until_ = TimePoint::min();
  TimePoint usable_until_ = TimePoint::min();
  std::size_t turns_ = 0;
};

}  // namespace weir::net
