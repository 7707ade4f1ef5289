#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::metrics {

/// A small number that differs between threads as long as there are few of them.
inline unsigned thread_slot() noexcept {
  static std::atomic<unsigned> next{0};
  thread_local const unsigned slot = next.fetch_add(1, std::memory_order_relaxed);
  return slot;
}

/// Counts in buckets, written by many threads and read by anyone. Each thread has a shard of its own (up to `shards`
/// threads; further ones share, which is slower and still exact), so that loops do not write to one cache line.
template <std::size_t Bounds>
class ShardedHistogram {
 public:
  static constexpr std::size_t shards = 8;
  static constexpr std::size_t buckets = Bounds + 1;
  struct Reading {
    std::array<std::uint64_t, buckets> counts{};
    std::uint64_t sum = 0;
  };

  void record(std::size_t bucket, std::uint64_t amount) noexcept {
    auto& shard = shards_[thread_slot() % shards];
    shard.counts[bucket].fetch_add(1, std::memory_order_relaxed);
    shard.sum.fetch_add(amount, std::memory_order_relaxed);
  }

  Reading read() const noexcept {
    Reading reading;
    for (const auto& shard : shards_) {
      for (std::size_t i = 0; i < buckets; ++i) reading.counts[i] += shard.counts[i].load(std::memory_order_relaxed);
      reading.sum += shard.sum.load(std::memory_order_relaxed);
    }
    return reading;
  }

 private:
  struct alignas(64) Shard {
    std::array<std::atomic<std::uint64_t>, buckets> counts{};
    std::atomic<std::uint64_t> sum{0};
  };
  std::array<Shard, shards> shards_{};
};

}  // namespace weir::metrics
