#include "backends/postgresql/wire/library.hpp"

#include <dlfcn.h>

namespace weir::postgres {

const Library& Library::instance() {
  static const Library library = [] {
    Library found;
    found.version = PQlibVersion();
    // POSIX has it that a data pointer of dlsym is a function's; the cast cannot be said in plainer C++.
    found.send_pipeline_sync = reinterpret_cast<int (*)(PGconn*)>(dlsym(RTLD_DEFAULT, "PQsendPipelineSync"));  // NOLINT
    found.send_close_prepared =
        reinterpret_cast<int (*)(PGconn*, const char*)>(dlsym(RTLD_DEFAULT, "PQsendClosePrepared"));  // NOLINT
    return found;
  }();
  return library;
}

}  // namespace weir::postgres
