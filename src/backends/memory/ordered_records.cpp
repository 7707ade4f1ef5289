#include "backends/memory/ordered_records.hpp"

#include <algorithm>

namespace weir::memory {
namespace {

constexpr std::size_t chunk_capacity = 512;

struct ByIdOfRecord {
  bool operator()(const RecordPointer& record, std::string_view id) const { return record->id < id; }
};

std::size_t lower_bound(const OrderedRecords::Chunk& chunk, std::string_view id) {
  return static_cast<std::size_t>(std::lower_bound(chunk.begin(), chunk.end(), id, ByIdOfRecord()) - chunk.begin());
}

/// The chunk that holds the id or would: the last one that begins at or before it. `first` gives a chunk's first id.
template <class Sequence, class First>
std::size_t chunk_of(const Sequence& sequence, std::string_view id, First first) {
  const auto after =
      std::upper_bound(sequence.begin(), sequence.end(), id,
                       [&first](std::string_view wanted, const auto& item) { return wanted < first(item); });
  return after == sequence.begin() ? 0 : static_cast<std::size_t>(after - sequence.begin()) - 1;
}

}  // namespace

RecordPointer OrderedRecords::Snapshot::find(std::string_view id) const {
  if (chunks_.empty()) return nullptr;
  const auto& chunk = *chunks_[chunk_of(chunks_, id, [](const auto& c) { return std::string_view(c->front()->id); })];
  const auto index = lower_bound(chunk, id);
  return index < chunk.size() && chunk[index]->id == id ? chunk[index] : nullptr;
}

OrderedRecords::Snapshot OrderedRecords::snapshot() {
  Chunks chunks;
  chunks.reserve(slots_.size());
  for (const auto& slot : slots_) chunks.push_back(slot.chunk);
  ++generation_;
  return Snapshot(std::move(chunks));
}

OrderedRecords::Place OrderedRecords::place(std::string_view id) const {
  if (slots_.empty()) return {0, 0, false};
  const auto number = chunk_of(slots_, id, [](const Slot& s) { return std::string_view(s.chunk->front()->id); });
  const auto& chunk = *slots_[number].chunk;
  const auto index = lower_bound(chunk, id);
  return {number, index, index < chunk.size() && chunk[index]->id == id};
}

OrderedRecords::Chunk& OrderedRecords::writable(std::size_t chunk) {
  auto& slot = slots_[chunk];
  if (slot.generation != generation_) {
    slot.chunk = std::make_shared<Chunk>(*slot.chunk);
    slot.generation = generation_;
  }
  return *slot.chunk;
}

void OrderedRecords::insert_or_replace(RecordPointer record) {
  if (slots_.empty()) slots_.push_back({std::make_shared<Chunk>(), generation_});
  auto where = slots_.front().chunk->empty() ? Place{0, 0, false} : place(record->id);
  auto* chunk = &writable(where.chunk);
  if (where.found) {
    (*chunk)[where.index] = std::move(record);
    return;
  }
  ++size_;
  if (chunk->size() == chunk_capacity) {
    // Ids made in order (UUIDv7) only ever append: a full last chunk then stays full instead of being halved.
    const bool appending = where.chunk + 1 == slots_.size() && where.index == chunk->size();
    const auto middle = chunk->begin() + static_cast<std::ptrdiff_t>(appending ? chunk_capacity : chunk_capacity / 2);
    auto upper = std::make_shared<Chunk>(std::make_move_iterator(middle), std::make_move_iterator(chunk->end()));
    chunk->erase(middle, chunk->end());
    upper->reserve(chunk_capacity);
    slots_.insert(slots_.begin() + static_cast<std::ptrdiff_t>(where.chunk) + 1, Slot{upper, generation_});
    chunk = slots_[where.chunk].chunk.get();
    if (where.index > chunk->size() || appending) {
      where.index -= chunk->size();
      chunk = upper.get();
    }
  }
  chunk->insert(chunk->begin() + static_cast<std::ptrdiff_t>(where.index), std::move(record));
}

void OrderedRecords::erase(std::string_view id) {
  const auto where = place(id);
  if (!where.found) return;
  --size_;
  auto& chunk = writable(where.chunk);
  chunk.erase(chunk.begin() + static_cast<std::ptrdiff_t>(where.index));
  if (chunk.empty()) slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(where.chunk));
}

}  // namespace weir::memory
