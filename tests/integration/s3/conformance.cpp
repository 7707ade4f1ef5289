// The conformance suite on S3: on a store in memory, on MinIO and the Versity gateway, and on the store at
// WEIR_TEST_S3_ENDPOINT, if any, whose keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
#include "conformance/backend_under_test.hpp"
#include "conformance/missing_server.hpp"
#include "servers/server.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"
#include "support/unique_name.hpp"
#include "wire/s3/fake_store.hpp"

#include <weir/s3.hpp>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace {

using weir::conformance::BackendUnderTest;
using weir::conformance::FreshDatabase;

constexpr const char* little_waiting = "&retry.base=1&retry.throttle_base=5&proxy=off";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

BackendUnderTest common(std::string name) {
  BackendUnderTest backend;
  backend.name = std::move(name);
  backend.same_url_same_records = true;
  backend.durable = true;
  // Every query reads every record of the set over HTTP.
  backend.differential_queries = 500;
  backend.differential_records = 30;
  return backend;
}

/// One store for all tests, a prefix for each; half of them on a store that does not look at the condition of a
/// removal.
BackendUnderTest in_memory(bool conditional) {
  static std::map<std::string, std::shared_ptr<weir::test::FakeStore>> stores;
  static std::mutex mutex;
  auto backend = common(conditional ? "s3" : "s3_unconditional_removal");
  if (!conditional) backend.differential_queries = 20;
  backend.fresh = [conditional] {
    auto store = std::make_shared<weir::test::FakeStore>();
    store->conditional_remove(conditional);
    const auto url = "s3://bucket/records/?access_key_id=key&secret_access_key=secret&endpoint_url=" + store->origin() +
                     little_waiting;
    const std::lock_guard lock(mutex);
    stores[url] = store;
    return FreshDatabase(url, std::shared_ptr<void>(nullptr, [url](void*) {
                           std::shared_ptr<weir::test::FakeStore> last;
                           const std::lock_guard removing(mutex);
                           last = std::move(stores[url]);
                           stores.erase(url);
                         }));
  };
  backend.stall = [](const std::string& url) {
    const std::lock_guard lock(mutex);
    const auto store = stores.at(url);
    auto held = store->hold();
    return std::shared_ptr<void>(nullptr, [store, held](void*) mutable { held.reset(); });
  };
  return backend;
}

struct Address {
  std::string endpoint, region, key, secret, ca;
};

/// A prefix in one bucket for each test. What is in it goes with the server.
FreshDatabase fresh_prefix(const Address& at) {
  const auto prefix = weir::test::unique_name("t") + "/";
  auto url = "s3://weir-conformance/" + prefix + "?endpoint_url=" + at.endpoint + "&access_key_id=" + at.key +
             "&secret_access_key=" + at.secret + "&addressing=path" + little_waiting;
  if (!at.region.empty()) url += "&region=" + at.region;
  if (!at.ca.empty()) url += "&ca_certs=" + at.ca;
  return FreshDatabase(url);
}

BackendUnderTest on_server(const std::string& kind) {
  auto backend = common("s3_" + kind);
  backend.request_for_each_record = !weir::test::full_run();
  // Every point is met on the store in memory. Here each costs whole operations of objects that the server puts on its
  // disk, which is what an hour of every point was spent on: a prime step meets points of all kinds.
  backend.interruption_step = weir::test::full_run() ? 7 : 61;
  // The gateway keeps objects as files, and looks at a condition before it writes one.
  backend.licences.racing_conditions = kind == "versitygw";
  backend.differential_queries = !weir::test::full_run() ? 50 : kind == "minio" ? 500 : 100;
  backend.fresh = [kind] {
    const auto& server = weir::test::Server::start(kind);
    if (!server.running()) throw weir::conformance::MissingServer(server.why_not());
    Address at;
    at.endpoint = server.setting("S3_ENDPOINT");
    at.region = server.setting("S3_REGION");
    at.key = server.setting("S3_ACCESS_KEY_ID");
    at.secret = server.setting("S3_SECRET_ACCESS_KEY");
    at.ca = server.setting("S3_CA_FILE");
    return fresh_prefix(at);
  };
  return backend;
}

}  // namespace

int main(int argc, char** argv) {
  weir::s3::install();
  weir::conformance::register_backend_under_test(in_memory(true));
  weir::conformance::register_backend_under_test(in_memory(false));
  for (const char* kind : {"minio", "versitygw"}) weir::conformance::register_backend_under_test(on_server(kind));
  if (const auto endpoint = variable("WEIR_TEST_S3_ENDPOINT"); !endpoint.empty()) {
    Address at;
    at.endpoint = endpoint;
    at.key = variable("AWS_ACCESS_KEY_ID");
    at.secret = variable("AWS_SECRET_ACCESS_KEY");
    auto backend = common("s3_at_endpoint");
    backend.fresh = [at] { return fresh_prefix(at); };
    weir::conformance::register_backend_under_test(backend);
  }
  return weir::conformance::run_suite(argc, argv);
}
