#include "backends/postgresql/wire/library.hpp"

#include <dlfcn.h>

namespace weir::postgres {
namespace {

// POSIX has it that a data pointer of dlsym is a function's; the cast cannot be said in plainer C++.
template <class Function>
bool find(const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));  // NOLINT
  return function != nullptr;
}

}  // namespace

const Library& Library::instance() {
  static const Library library = [] {
    Library found;
    found.version = PQlibVersion();
    find("PQsendPipelineSync", found.send_pipeline_sync);
    find("PQsendClosePrepared", found.send_close_prepared);
    Cancel cancel;
    if (find("PQcancelCreate", cancel.create) && find("PQcancelStart", cancel.start) &&
        find("PQcancelPoll", cancel.poll) && find("PQcancelSocket", cancel.socket) &&
        find("PQcancelErrorMessage", cancel.error) && find("PQcancelFinish", cancel.finish))
      found.cancel = cancel;
    return found;
  }();
  return library;
}

}  // namespace weir::postgres
