#pragma once

// A file system that runs out of room: the default one, in which every write from the n-th on fails with SQLITE_FULL.

#include <atomic>

namespace weir::test {

// Becomes the default file system of the process while it lives. One at a time.
class FullDisk {
 public:
  FullDisk();
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk();

  // So many more writes succeed; then none, until it is said again.
  void room_for(long writes);
  void room_for_everything();
  // Whether a write was refused since the last `room_for`.
  bool ran_out() const;
};

}  // namespace weir::test
