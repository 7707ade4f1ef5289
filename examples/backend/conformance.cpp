// The conformance suite on a backend that is not part of weir.

#include "conformance/backend_under_test.hpp"
#include "key_value_backend.hpp"

int main(int argc, char** argv) {
  key_value::install();
  weir::conformance::BackendUnderTest backend;
  backend.name = "key_value";
  backend.fresh = [] { return weir::conformance::FreshDatabase("kv:test"); };  // each open is a store of its own
  weir::conformance::register_backend_under_test(backend);
  return weir::conformance::run_suite(argc, argv);
}
