// The conformance suite on the backends that come with weir.

#include "conformance/backend_under_test.hpp"
#include "conformance/waiting_backend.hpp"
#include "support/temporary_folder.hpp"

#include <weir/config.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace {

using weir::conformance::BackendUnderTest;
using weir::conformance::FreshDatabase;

BackendUnderTest memory() {
  BackendUnderTest backend;
  backend.name = "memory";
  backend.fresh = [] {
    static std::atomic<unsigned> number{0};
    return FreshDatabase("memory:conformance" + std::to_string(++number));
  };
  backend.same_url_same_records = true;
  return backend;
}

// What the layers above a store do for one that only stores.
BackendUnderTest waiting() {
  BackendUnderTest backend;
  backend.name = "waiting";
  backend.fresh = [] {
    static std::atomic<unsigned> number{0};
    return FreshDatabase("waiting:conformance" + std::to_string(++number));
  };
  backend.stall = weir::conformance::stall_waiting_backend;
  backend.same_url_same_records = true;
  backend.differential_queries = 500;
  return backend;
}

#ifdef WEIR_TEST_SQLITE
BackendUnderTest sqlite_file() {
  BackendUnderTest backend;
  backend.name = "sqlite_file";
  backend.fresh = [] {
    auto folder = std::make_shared<weir::test::TemporaryFolder>();
    return FreshDatabase("sqlite:" + (folder->path() / "conformance.db").string(), folder);
  };
  backend.same_url_same_records = true;
  backend.durable = true;
  backend.index_option = "index";
  return backend;
}

BackendUnderTest sqlite_memory() {
  BackendUnderTest backend;
  backend.name = "sqlite_memory";
  backend.fresh = [] { return FreshDatabase("sqlite::memory:"); };
  backend.index_option = "index";
  backend.differential_queries = 2'000;
  return backend;
}
#endif

}  // namespace

int main(int argc, char** argv) {
  weir::conformance::register_waiting_backend();
  weir::conformance::register_backend_under_test(memory());
  weir::conformance::register_backend_under_test(waiting());
#ifdef WEIR_TEST_SQLITE
  weir::conformance::register_backend_under_test(sqlite_file());
  weir::conformance::register_backend_under_test(sqlite_memory());
#endif
  return weir::conformance::run_suite(argc, argv);
}
