// A real OpenSearch behind TLS and passwords: who is let in, to what, and what everything else is called.
#include "servers/search_server.hpp"
#include "support/outcome.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"

#include <weir/database.hpp>
#include <weir/elasticsearch.hpp>
#include <weir/field.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {
namespace {

class SecureSearch : public testing::Test {
 public:
  void SetUp() override {
    if (!full_run()) GTEST_SKIP() << "only with WEIR_FULL=1 (scripts/test --full)";
    server_ = std::make_unique<SearchServer>("opensearch", std::vector<std::string>{"--tls", "--name", "secure"});
    WEIR_NEED_SERVER(server_->server());
    elasticsearch::install();
    index_ = server_->new_index();
  }

  std::string authority() const { return "ca_certs=" + server_->server().setting("SEARCH_CA"); }
  /// "ada:secret" and options; nobody: "".
  std::string url(const std::string& who, const std::string& options) const {
    auto out = server_->url(index_.name, "proxy=off&refresh=now&" + options);
    if (!who.empty()) out.insert(out.find("//") + 2, who + "@");
    return out;
  }
  const SearchServer& server() const { return *server_; }
  const std::string& index() const { return index_.name; }

 private:
  std::unique_ptr<SearchServer> server_;
  SearchServer::Index index_;
};

awaitable<void> use(std::string url) {
  auto db = co_await AsyncDatabase::open(url);
  std::vector<Record> records;
  for (int i = 0; i < 20; ++i) records.push_back(Record().with_id(std::to_string(i)).set("n", i).set("word", "w"));
  const auto result = co_await db.create_batch(std::move(records));
  EXPECT_EQ(result.succeeded(), 20U);
  const auto one = co_await db.read("7");
  EXPECT_TRUE(one && one->get<int>("n") == 7);
  const auto query = Query(field("n") >= 15).order_by("n");
  const auto found = co_await db.search(query);
  EXPECT_EQ(found.size(), 5U);
  int streamed = 0;
  auto stream = db.stream(Query());
  while (co_await stream.next()) ++streamed;
  EXPECT_EQ(streamed, 20);
  const auto again = co_await db.remove("7");
  EXPECT_TRUE(again);
  co_await db.close();
}

TEST_F(SecureSearch, TheAdministratorDoesEverything) { run(use(url("admin:admin", authority()))); }

awaitable<Outcome> attempt(std::string url, bool writes) {
  Outcome outcome;
  std::optional<AsyncDatabase> db;
  try {
    db = co_await AsyncDatabase::open(url);
    if (writes)
      co_await db->upsert(Record().with_id("1").set("n", 1));
    else
      (void)co_await db->search(Query());
  } catch (...) {
    outcome = Outcome::from(std::current_exception());
  }
  if (db) co_await db->close();
  co_return outcome;
}

TEST_F(SecureSearch, WhoIsNotLetIn) {
  for (const char* who : {"", "admin:wrong", "nobody:admin"}) {
    for (const bool writes : {false, true}) {
      const auto outcome = run(attempt(url(who, authority()), writes));
      EXPECT_TRUE(fails_with(outcome, errc::authentication_failed)) << who;
      EXPECT_EQ(outcome.text().find("wrong"), std::string::npos) << outcome.text();
    }
  }
  EXPECT_TRUE(
      fails_with(run(attempt(url("", authority() + "&bearer_token=nonsense"), false)), errc::authentication_failed));
}

TEST_F(SecureSearch, AServerThatIsNotBelieved) {
  // The system does not know the authority; and plain text is nothing that this port speaks.
  EXPECT_TRUE(fails_with(run(attempt(url("admin:admin", "timeout=5s"), false)), errc::tls_failed));
  auto plain = url("admin:admin", "timeout=5s");
  plain.replace(plain.find("https"), 5, "http");
  EXPECT_FALSE(run(attempt(plain, false)).ok());
  EXPECT_TRUE(succeeds(run(attempt(url("admin:admin", "verify_certs=false"), true))));
  const std::string other(64, 'a');
  EXPECT_TRUE(
      fails_with(run(attempt(url("admin:admin", "timeout=5s&tls_fingerprint=" + other), false)), errc::tls_failed));
}

TEST_F(SecureSearch, SomebodyWhoMayOnlyRead) {
  run(use(url("admin:admin", authority())));
  const std::string security = "/_plugins/_security/api/";
  ASSERT_LT(server()
                .request("PUT", security + "roles/weir_reader",
                         R"({"index_permissions": [{"index_patterns": ["weir-test-*"],
                             "allowed_actions": ["read", "indices:admin/mappings/get"]}]})")
                .status,
            300);
  ASSERT_LT(server()
                .request("PUT", security + "internalusers/weir_reader", R"({"password": "Weir-reads-0nly-x9",
                             "opendistro_security_roles": ["weir_reader"]})")
                .status,
            300);
  const auto reader = url("weir_reader:Weir-reads-0nly-x9", authority());
  EXPECT_TRUE(succeeds(run(attempt(reader, false))));
  EXPECT_TRUE(fails_with(run(attempt(reader, true)), errc::permission_denied));
}

}  // namespace
}  // namespace weir::test
