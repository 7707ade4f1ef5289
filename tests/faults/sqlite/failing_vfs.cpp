#include "faults/sqlite/failing_vfs.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <limits>
#include <stdexcept>

namespace weir::test {
namespace {

std::atomic<long> room{std::numeric_limits<long>::max()};
std::atomic<bool> refused{false};

sqlite3_vfs* real = nullptr;
sqlite3_vfs shim{};

// The real file lies behind ours.
struct File {
  sqlite3_file base;
  sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* inner(sqlite3_file* file) { return reinterpret_cast<File*>(file)->inner(); }

bool take_room() {
  long left = room.load();
  while (left > 0)
    if (room.compare_exchange_weak(left, left - 1)) return true;
  refused = true;
  return false;
}

int close_file(sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); }
int read_file(sqlite3_file* f, void* out, int size, sqlite3_int64 at) {
  return inner(f)->pMethods->xRead(inner(f), out, size, at);
}
int write_file(sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
  if (!take_room()) return SQLITE_FULL;
  return inner(f)->pMethods->xWrite(inner(f), data, size, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) { return inner(f)->pMethods->xTruncate(inner(f), size); }
int sync_file(sqlite3_file* f, int flags) { return inner(f)->pMethods->xSync(inner(f), flags); }
int file_size(sqlite3_file* f, sqlite3_int64* size) { return inner(f)->pMethods->xFileSize(inner(f), size); }
int lock_file(sqlite3_file* f, int level) { return inner(f)->pMethods->xLock(inner(f), level); }
int unlock_file(sqlite3_file* f, int level) { return inner(f)->pMethods->xUnlock(inner(f), level); }
int check_lock(sqlite3_file* f, int* out) { return inner(f)->pMethods->xCheckReservedLock(inner(f), out); }
int control(sqlite3_file* f, int op, void* argument) {
  // Room is also needed to make the file longer.
  if (op == SQLITE_FCNTL_SIZE_HINT) return SQLITE_OK;
  return inner(f)->pMethods->xFileControl(inner(f), op, argument);
}
int sector_size(sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); }
int characteristics(sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); }
// As the file system reports it: SQLite has no code of its own for this.
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  if (extend != 0 && !take_room()) return SQLITE_IOERR_SHMSIZE;
  return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int at, int count, int flags) {
  return inner(f)->pMethods->xShmLock(inner(f), at, count, flags);
}
void shm_barrier(sqlite3_file* f) { inner(f)->pMethods->xShmBarrier(inner(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return inner(f)->pMethods->xShmUnmap(inner(f), remove); }

const sqlite3_io_methods methods = {2,           close_file,  read_file,       write_file,  truncate_file,
                                    sync_file,   file_size,   lock_file,       unlock_file, check_lock,
                                    control,     sector_size, characteristics, shm_map,     shm_lock,
                                    shm_barrier, shm_unmap,   nullptr,         nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  auto* file = reinterpret_cast<File*>(f);
  file->base.pMethods = nullptr;
  const int result = real->xOpen(real, name, file->inner(), flags, out_flags);
  if (file->inner()->pMethods != nullptr) file->base.pMethods = &methods;
  return result;
}

int last_error(sqlite3_vfs*, int size, char* text) {
  if (!refused) return real->xGetLastError(real, size, text);
  return ENOSPC;
}

}  // namespace

FullDisk::FullDisk() {
  if (real == nullptr) {
    real = sqlite3_vfs_find(nullptr);
    shim = *real;
    shim.zName = "weir-full-disk";
    shim.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
    shim.xOpen = open_file;
    shim.xGetLastError = last_error;
  }
  if (sqlite3_vfs_register(&shim, 1) != SQLITE_OK) throw std::runtime_error("sqlite3_vfs_register failed");
  room_for_everything();
}

FullDisk::~FullDisk() { sqlite3_vfs_unregister(&shim); }

void FullDisk::room_for(long writes) {
  refused = false;
  room = writes;
}
void FullDisk::room_for_everything() { room_for(std::numeric_limits<long>::max()); }
bool FullDisk::ran_out() const { return refused; }

}  // namespace weir::test
