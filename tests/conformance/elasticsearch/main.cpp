// The conformance suite on a real Elasticsearch or OpenSearch: test_conformance_elasticsearch ENGINE [option of
// GoogleTest]…

#include "conformance/backend_under_test.hpp"
#include "servers/search_server.hpp"
#include "support/sanitizers.hpp"

#include <weir/elasticsearch.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace {

constexpr int skipped = 77;  // SKIP_RETURN_CODE of the test

using weir::conformance::BackendUnderTest;
using weir::conformance::FreshDatabase;

BackendUnderTest under_test(const std::string& engine, const std::shared_ptr<weir::test::SearchServer>& server) {
  BackendUnderTest backend;
  backend.name = engine;
  backend.fresh = [server] {
    const auto index = server->new_index();
    return FreshDatabase(server->url(index.name, "refresh=now&proxy=off"), index.keep);
  };
  backend.same_url_same_records = true;
  backend.durable = true;
  backend.licences.one_type_per_path = true;
  backend.licences.pattern_limits = true;
  // Each of them is several requests to a real server.
  backend.interruption_step = weir::test::full_run() ? 1 : 17;
  backend.differential_queries = weir::test::full_run() ? 2'000 : 200;
  return backend;
}

}  // namespace

int main(int argc, char** argv) {
  std::string engine = "opensearch";
  if (argc > 1 && argv[1][0] != '-') {
    engine = argv[1];
    argv[1] = argv[0];
    ++argv;
    --argc;
  }
  if (engine != "opensearch" && !weir::test::full_run()) {
    std::printf("only with WEIR_FULL=1 (scripts/test --full)\n");
    return skipped;
  }
  weir::elasticsearch::install();
  const auto server = std::make_shared<weir::test::SearchServer>(engine);
  if (!server->running()) {
    std::fprintf(stderr, "%s\n", server->why_not().c_str());
    return weir::test::Server::is_required() ? 1 : skipped;
  }
  weir::conformance::register_backend_under_test(under_test(engine, server));
  return weir::conformance::run_suite(argc, argv);
}
