#pragma once

// Files in memory for `sqlite::memory:`: named within the process, shared by all connections, with the shared memory
// that write-ahead logging needs, so that readers, writers and snapshots behave as on a disk
// (https://www.sqlite.org/vfs.html, https://www.sqlite.org/c3ref/io_methods.html). A file is gone when its last
// connection closes it.

namespace weir::sqlite {

inline constexpr char memory_vfs_name[] = "weir-memory";

// Once per process; later calls do nothing. Throws Error when SQLite refuses it.
void register_memory_vfs();

}  // namespace weir::sqlite
