#include "backends/postgresql/wire/socket_copy.hpp"

#include <weir/error.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace weir::postgres {

SocketCopy::~SocketCopy() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SocketCopy::open(int socket) {
  descriptor_ = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (descriptor_ < 0)
    throw Error(errc::connect_failed, "no descriptor for the connection: " + std::generic_category().message(errno));
}

void SocketCopy::shut_down() const noexcept {
  if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
}

}  // namespace weir::postgres
