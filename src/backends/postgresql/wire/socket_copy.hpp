#pragma once

namespace weir::postgres {

/// A descriptor of our own for libpq's socket. libpq closes its descriptor by itself as soon as it reads that the
/// server has gone (pqReadData, fe-misc.c); the number may be another thread's socket before the loop has forgotten it.
/// This one stays ours until this object ends.
class SocketCopy {
 public:
  SocketCopy() = default;
  SocketCopy(const SocketCopy&) = delete;
  SocketCopy& operator=(const SocketCopy&) = delete;
  ~SocketCopy();

  /// Throws connect_failed where the process has no descriptor left.
  void open(int socket);
  int get() const noexcept { return descriptor_; }
  /// Ends the connection, whoever else has a descriptor of it; the number stays ours.
  void shut_down() const noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace weir::postgres
