#pragma once

namespace weir::detail {

/// Calls `install()` of every backend that the program links through weir::weir, once, whichever thread comes first;
/// does nothing in a program that links weir::core and installs by hand. `AsyncDatabase::open` calls it before it looks
/// a backend up.
void install_linked_backends();

}  // namespace weir::detail
