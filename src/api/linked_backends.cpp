#include "api/linked_backends.hpp"

#include <weir/export.hpp>

#include <mutex>

// Defined by the library weir::weir (generated from src/cmake/linked_backends.cpp.in), which its users are made to
// link; null in a program that links weir::core alone. A reference to a symbol instead of self-registration, because a
// static library drops the objects that nobody refers to, with their static initialisers.
extern "C" WEIR_API void weir_install_linked_backends() __attribute__((weak));

namespace weir::detail {

void install_linked_backends() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (weir_install_linked_backends != nullptr) weir_install_linked_backends();
  });
}

}  // namespace weir::detail
