#pragma once

#include <weir/record.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::memory {

using RecordPointer = std::shared_ptr<const Record>;

/// Records in the order of their ids, of which a snapshot costs a pointer per chunk of a few hundred.
///
/// Chunks are shared with the snapshots and never changed while one of them may see it: each snapshot begins a new
/// generation, and a chunk of an older generation is copied before it is changed. (A reference count could not tell:
/// reading it without a fence does not order the other thread's reads before our change.)
class OrderedRecords {
 public:
  using Chunk = std::vector<RecordPointer>;
  using Chunks = std::vector<std::shared_ptr<const Chunk>>;

  /// One state of the records, for any thread.
  class Snapshot {
   public:
    Snapshot() = default;
    explicit Snapshot(Chunks chunks) : chunks_(std::move(chunks)) {}
    const Chunks& chunks() const { return chunks_; }
    /// Null when absent.
    RecordPointer find(std::string_view id) const;

   private:
    Chunks chunks_;
  };

  Snapshot snapshot();
  void insert_or_replace(RecordPointer record);
  void erase(std::string_view id);
  std::size_t size() const { return size_; }

 private:
  struct Place {
    std::size_t chunk;
    std::size_t index;
    bool found;
  };
  struct Slot {
    std::shared_ptr<Chunk> chunk;
    std::uint64_t generation;
  };

  Place place(std::string_view id) const;
  Chunk& writable(std::size_t chunk);

  std::vector<Slot> slots_;
  std::uint64_t generation_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weir::memory
