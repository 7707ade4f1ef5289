#include "backends/sqlite/memory_file.hpp"

#include <algorithm>
#include <cstring>

namespace weir::sqlite {

std::size_t MemoryFile::read(char* out, std::size_t size, std::uint64_t offset) {
  const std::lock_guard guard(mutex_);
  const std::size_t there =
      offset >= size_ ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - offset));
  for (std::size_t done = 0; done < there;) {
    const std::size_t at = static_cast<std::size_t>(offset) + done;
    const std::size_t part = std::min(there - done, chunk_size - at % chunk_size);
    std::memcpy(out + done, chunks_[at / chunk_size]->data() + at % chunk_size, part);
    done += part;
  }
  std::memset(out + there, 0, size - there);
  return there;
}

void MemoryFile::write(const char* data, std::size_t size, std::uint64_t offset) {
  const std::lock_guard guard(mutex_);
  const std::size_t end = static_cast<std::size_t>(offset) + size;
  while (chunks_.size() * chunk_size < end) chunks_.push_back(std::make_unique<Chunk>());
  for (std::size_t done = 0; done < size;) {
    const std::size_t at = static_cast<std::size_t>(offset) + done;
    const std::size_t part = std::min(size - done, chunk_size - at % chunk_size);
    std::memcpy(chunks_[at / chunk_size]->data() + at % chunk_size, data + done, part);
    done += part;
  }
  size_ = std::max<std::uint64_t>(size_, end);
}

void MemoryFile::truncate(std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  if (size >= size_) return;
  size_ = size;
  const auto whole = static_cast<std::size_t>(size);
  chunks_.resize((whole + chunk_size - 1) / chunk_size);
  // What is written behind the new end later must find zeros.
  if (whole % chunk_size != 0) {
    char* last = chunks_.back()->data();
    std::memset(last + whole % chunk_size, 0, chunk_size - whole % chunk_size);
  }
}

std::uint64_t MemoryFile::size() {
  const std::lock_guard guard(mutex_);
  return size_;
}

bool MemoryFile::lock(FileLock& held, FileLock wanted) {
  const std::lock_guard guard(mutex_);
  if (held >= wanted) return true;
  switch (wanted) {
    case FileLock::shared:
      if (pending_ || exclusive_) return false;
      ++shared_locks_;
      break;
    case FileLock::reserved:
      if (reserved_) return false;
      reserved_ = true;
      break;
    default:
      // EXCLUSIVE by way of PENDING, which keeps new readers out.
      if (pending_ && held != FileLock::pending) return false;
      if (reserved_ && held < FileLock::reserved) return false;
      reserved_ = true;
      pending_ = true;
      held = FileLock::pending;
      if (shared_locks_ > 1) return false;
      exclusive_ = true;
  }
  held = wanted;
  return true;
}

void MemoryFile::unlock(FileLock& held, FileLock wanted) {
  const std::lock_guard guard(mutex_);
  if (held <= wanted) return;
  if (held >= FileLock::reserved) reserved_ = false;
  if (held >= FileLock::pending) pending_ = false;
  if (held == FileLock::exclusive) exclusive_ = false;
  if (wanted == FileLock::none) --shared_locks_;
  held = wanted;
}

bool MemoryFile::reserved() {
  const std::lock_guard guard(mutex_);
  return reserved_;
}

void* MemoryFile::shared_region(std::size_t index, std::size_t size, bool create) {
  const std::lock_guard guard(mutex_);
  if (index >= regions_.size() && !create) return nullptr;
  while (regions_.size() <= index) regions_.push_back(std::make_unique<char[]>(size));
  return regions_[index].get();
}

void MemoryFile::drop_shared_memory() {
  const std::lock_guard guard(mutex_);
  regions_.clear();
}

bool MemoryFile::lock_slots(unsigned first, unsigned count, bool exclusive_wanted, unsigned& shared,
                            unsigned& exclusive) {
  const std::lock_guard guard(mutex_);
  for (unsigned slot = first; slot < first + count; ++slot) {
    const unsigned own_shared = (shared >> slot) & 1U;
    if (slot_exclusive_[slot] && ((exclusive >> slot) & 1U) == 0) return false;
    if (exclusive_wanted && slot_shared_[slot] > own_shared) return false;
  }
  for (unsigned slot = first; slot < first + count; ++slot) {
    const unsigned bit = 1U << slot;
    if (exclusive_wanted) {
      slot_exclusive_[slot] = true;
      exclusive |= bit;
    } else if ((shared & bit) == 0) {
      ++slot_shared_[slot];
      shared |= bit;
    }
  }
  return true;
}

void MemoryFile::unlock_slots(unsigned first, unsigned count, unsigned& shared, unsigned& exclusive) {
  const std::lock_guard guard(mutex_);
  for (unsigned slot = first; slot < first + count; ++slot) {
    const unsigned bit = 1U << slot;
    if ((exclusive & bit) != 0) slot_exclusive_[slot] = false;
    if ((shared & bit) != 0) --slot_shared_[slot];
    exclusive &= ~bit;
    shared &= ~bit;
  }
}

}  // namespace weir::sqlite
