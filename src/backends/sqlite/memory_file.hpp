#pragma once

// The content, the locks and the shared memory of a file that lives in memory. Knows nothing of SQLite but the order of
// its lock levels.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace weir::sqlite {

// As in SQLite: NONE, SHARED, RESERVED, PENDING, EXCLUSIVE (https://www.sqlite.org/lockingv3.html).
enum class FileLock : int { none, shared, reserved, pending, exclusive };

class MemoryFile {
 public:
  static constexpr std::size_t shared_memory_slots = 8;  // SQLITE_SHM_NLOCK

  // Bytes read; the rest of the buffer is zeroed.
  std::size_t read(char* out, std::size_t size, std::uint64_t offset);
  void write(const char* data, std::size_t size, std::uint64_t offset);
  void truncate(std::uint64_t size);
  std::uint64_t size();

  // False when another holder is in the way. `held` is the caller's present lock and becomes the new one.
  bool lock(FileLock& held, FileLock wanted);
  void unlock(FileLock& held, FileLock wanted);
  bool reserved();

  // The address never changes while somebody has the file open; null when it is not there and not to be made.
  void* shared_region(std::size_t index, std::size_t size, bool create);
  void drop_shared_memory();
  // Locks `count` slots from `first`, all or none. `shared` and `exclusive` are the caller's, as bits.
  bool lock_slots(unsigned first, unsigned count, bool exclusive_wanted, unsigned& shared, unsigned& exclusive);
  void unlock_slots(unsigned first, unsigned count, unsigned& shared, unsigned& exclusive);

 private:
  static constexpr std::size_t chunk_size = 64 * 1024;
  using Chunk = std::array<char, chunk_size>;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::uint64_t size_ = 0;
  unsigned shared_locks_ = 0;
  bool reserved_ = false;
  bool pending_ = false;
  bool exclusive_ = false;
  std::vector<std::unique_ptr<char[]>> regions_;
  std::array<unsigned, shared_memory_slots> slot_shared_{};
  std::array<bool, shared_memory_slots> slot_exclusive_{};
};

}  // namespace weir::sqlite
