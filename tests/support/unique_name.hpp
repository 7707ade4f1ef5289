#pragma once

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>

namespace weir::test {

/// A name on a server that many test programs share, one after the other: a process's number comes again within
/// minutes, so that it alone would lead to what another test left behind. Lower case letters, digits and hyphens.
inline std::string unique_name(const std::string& what) {
  static std::atomic<unsigned> number{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return what + "-" + std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + "-" +
         std::to_string(::getpid()) + "-" + std::to_string(++number);
}

}  // namespace weir::test
