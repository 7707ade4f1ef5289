// The conformance suite on the backends that come with weir.

#include "conformance/backend_under_test.hpp"
#include "conformance/missing_server.hpp"
#include "conformance/waiting_backend.hpp"
#include "support/sanitizers.hpp"
#include "support/temporary_folder.hpp"

#include <weir/config.hpp>

#ifdef WEIR_TEST_POSTGRESQL
#include "servers/postgres_schema.hpp"
#include "servers/server.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#endif

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Short reads on the caller's thread, and what is not short handed over to the threads.
BackendUnderTest sqlite_inline() {
  BackendUnderTest backend = sqlite_file();
  backend.name = "sqlite_inline";
  backend.fresh = [] {
    auto folder = std::make_shared<weir::test::TemporaryFolder>();
    return FreshDatabase("sqlite:" + (folder->path() / "conformance.db").string() + "?inline_reads=true", folder);
  };
  backend.differential_queries = 1'000;
  return backend;
}
#endif

#ifdef WEIR_TEST_POSTGRESQL
// A schema for each test, in the one database of the test server.
FreshDatabase fresh_schema(const weir::test::Server& server, const std::string& url) {
  static std::atomic<unsigned> number{0};
  const auto schema = "conformance_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  auto keep = weir::test::make_schema(server.setting("POSTGRES_URL"), schema);
  const char* const separator = url.find('?') == std::string::npos ? "?" : "&";
  return FreshDatabase(url + separator + "schema=" + schema, keep);
}

BackendUnderTest postgresql(std::string name, std::vector<std::string> arguments, std::string setting) {
  BackendUnderTest backend;
  backend.name = std::move(name);
  backend.fresh = [arguments, setting] {
    const auto& server = weir::test::Server::start("postgres", arguments);
    if (!server.running()) throw weir::conformance::MissingServer(server.why_not());
    return fresh_schema(server, server.setting(setting) + "?sslmode=disable");
  };
  backend.same_url_same_records = true;
  backend.durable = true;
  backend.index_option = "index";
  // Each of them is several statements on a real server.
  if (!weir::test::full_run()) {
    backend.differential_queries = 1'000;
    if (weir::test::under_sanitizer) backend.interruption_step = 7;
  }
  return backend;
}

// These rules run each operation on a loop of its own, which ends right behind the interruption. A loop that ends takes
// with it the cancel requests that are under way, and for that PgBouncer 1.18 ends by itself.
BackendUnderTest pgbouncer() {
  auto backend = postgresql("postgresql_pgbouncer", {"--name", "pooled", "--pgbouncer"}, "POSTGRES_POOL_URL");
  backend.fresh = [fresh = backend.fresh] {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string_view name = test == nullptr ? "" : test->name();
    if (name.substr(0, name.find('/')).ends_with("at_every_point"))
      throw weir::conformance::UnfitServer(
          "PgBouncer before 1.19.1 ends when a client goes away during its cancel request "
          "(https://github.com/pgbouncer/pgbouncer/issues/801)");
    return fresh();
  };
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
  weir::conformance::register_backend_under_test(sqlite_inline());
#endif
#ifdef WEIR_TEST_POSTGRESQL
  weir::conformance::register_backend_under_test(postgresql("postgresql", {}, "POSTGRES_URL"));
  if (weir::test::full_run()) weir::conformance::register_backend_under_test(pgbouncer());
#endif
  return weir::conformance::run_suite(argc, argv);
}
