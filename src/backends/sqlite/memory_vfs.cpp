#include "backends/sqlite/memory_vfs.hpp"

#include "backends/sqlite/error.hpp"
#include "backends/sqlite/memory_file.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>

namespace weir::sqlite {
namespace {

// The files that have a name. Leaked: connections may be closed after any static of ours is gone.
struct Files {
  struct Entry {
    std::shared_ptr<MemoryFile> file;
    std::size_t handles = 0;
  };
  std::mutex mutex;
  std::map<std::string, Entry> entries;
};

Files& files() {
  static Files* const instance = new Files;
  return *instance;
}

sqlite3_vfs* default_vfs() { return sqlite3_vfs_find(nullptr); }

// What SQLite allocates for us; it begins with SQLite's own part.
struct Handle {
  sqlite3_file base;
  std::shared_ptr<MemoryFile> file;
  std::string name;  // empty: a temporary file
  bool main = false;
  FileLock held = FileLock::none;
  unsigned slots_shared = 0;
  unsigned slots_exclusive = 0;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

// No exception may reach SQLite's C code; what can be thrown here is bad_alloc.
template <class Body>
int guarded(Body body) noexcept {
  try {
    return body();
  } catch (...) {
    return SQLITE_NOMEM;
  }
}

int close_file(sqlite3_file* base) {
  Handle& handle = handle_of(base);
  if (!handle.name.empty()) {
    Files& all = files();
    const std::lock_guard lock(all.mutex);
    const auto found = all.entries.find(handle.name);
    if (found != all.entries.end() && found->second.file == handle.file && --found->second.handles == 0 &&
        handle.main) {
      // The database is gone with its last connection, and with it what belongs to it.
      all.entries.erase(handle.name + "-wal");
      all.entries.erase(handle.name + "-journal");
      all.entries.erase(found);
    }
  }
  handle.~Handle();
  return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* out, int size, sqlite3_int64 offset) {
  const auto wanted = static_cast<std::size_t>(size);
  const auto got = handle_of(base).file->read(static_cast<char*>(out), wanted, static_cast<std::uint64_t>(offset));
  return got == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, const void* data, int size, sqlite3_int64 offset) {
  return guarded([&] {
    handle_of(base).file->write(static_cast<const char*>(data), static_cast<std::size_t>(size),
                                static_cast<std::uint64_t>(offset));
    return SQLITE_OK;
  });
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  return guarded([&] {
    handle_of(base).file->truncate(static_cast<std::uint64_t>(size));
    return SQLITE_OK;
  });
}

int sync_file(sqlite3_file*, int) { return SQLITE_OK; }

int file_size(sqlite3_file* base, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(handle_of(base).file->size());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* base, int wanted) {
  Handle& handle = handle_of(base);
  return handle.file->lock(handle.held, static_cast<FileLock>(wanted)) ? SQLITE_OK : SQLITE_BUSY;
}

int unlock_file(sqlite3_file* base, int wanted) {
  Handle& handle = handle_of(base);
  handle.file->unlock(handle.held, static_cast<FileLock>(wanted));
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* base, int* out) {
  *out = handle_of(base).file->reserved() ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }

int characteristics(sqlite3_file*) {
  return SQLITE_IOCAP_ATOMIC | SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL | SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int map_shared(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
  return guarded([&] {
    *out = handle_of(base).file->shared_region(static_cast<std::size_t>(region), static_cast<std::size_t>(size),
                                               extend != 0);
    return SQLITE_OK;
  });
}

int lock_shared(sqlite3_file* base, int offset, int count, int flags) {
  Handle& handle = handle_of(base);
  const auto first = static_cast<unsigned>(offset);
  const auto slots = static_cast<unsigned>(count);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    handle.file->unlock_slots(first, slots, handle.slots_shared, handle.slots_exclusive);
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  return handle.file->lock_slots(first, slots, exclusive, handle.slots_shared, handle.slots_exclusive) ? SQLITE_OK
                                                                                                       : SQLITE_BUSY;
}

void shared_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }

int unmap_shared(sqlite3_file* base, int remove) {
  if (remove != 0) handle_of(base).file->drop_shared_memory();
  return SQLITE_OK;
}

const sqlite3_io_methods methods = {
    2,           close_file,     read_file,      write_file,   truncate_file, sync_file,       file_size,
    lock_file,   unlock_file,    check_reserved, file_control, sector_size,   characteristics, map_shared,
    lock_shared, shared_barrier, unmap_shared,   nullptr,      nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  base->pMethods = nullptr;
  return guarded([&] {
    std::shared_ptr<MemoryFile> file;
    if (name == nullptr) {
      file = std::make_shared<MemoryFile>();
    } else {
      Files& all = files();
      const std::lock_guard lock(all.mutex);
      const auto found = all.entries.find(name);
      if (found == all.entries.end() && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      auto& entry = found == all.entries.end() ? all.entries[name] : found->second;
      if (!entry.file) entry.file = std::make_shared<MemoryFile>();
      ++entry.handles;
      file = entry.file;
    }
    auto* handle = ::new (static_cast<void*>(base)) Handle{};
    handle->base.pMethods = &methods;
    handle->file = std::move(file);
    if (name != nullptr) handle->name = name;
    handle->main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  });
}

int delete_file(sqlite3_vfs*, const char* name, int) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  all.entries.erase(name);
  return SQLITE_OK;
}

int access_file(sqlite3_vfs*, const char* name, int, int* out) {
  Files& all = files();
  const std::lock_guard lock(all.mutex);
  *out = all.entries.contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* name, int size, char* out) {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs*, int size, char* out) { return default_vfs()->xRandomness(default_vfs(), size, out); }
int sleep(sqlite3_vfs*, int microseconds) { return default_vfs()->xSleep(default_vfs(), microseconds); }
int current_time(sqlite3_vfs*, double* out) { return default_vfs()->xCurrentTime(default_vfs(), out); }
int last_error(sqlite3_vfs*, int, char*) { return 0; }

int current_time_64(sqlite3_vfs*, sqlite3_int64* out) { return default_vfs()->xCurrentTimeInt64(default_vfs(), out); }

sqlite3_vfs make_vfs() {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = 512;
  vfs.zName = memory_vfs_name;
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_name;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  vfs.xCurrentTimeInt64 = current_time_64;
  return vfs;
}

}  // namespace

void register_memory_vfs() {
  static const int result = [] {
    static sqlite3_vfs vfs = make_vfs();
    return sqlite3_vfs_register(&vfs, 0);
  }();
  if (result != SQLITE_OK) throw make_error(result, "the memory file system was refused");
}

}  // namespace weir::sqlite
