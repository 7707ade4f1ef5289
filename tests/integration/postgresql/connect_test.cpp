// Connections: TLS, passwords, several hosts, a server that went away.

#include "integration/postgresql/fixture.hpp"

namespace weir::test {
namespace {

using Postgres = PostgresTest;

TEST_F(Postgres, tls_is_verified) {
  const auto tls = server().setting("POSTGRES_TLS_URL");
  auto db = run(AsyncDatabase::open(tls + "&schema=" + schema()));
  EXPECT_TRUE(run(db.ping()).reachable);
  run(db.close());
  // The certificate is for localhost, not for this address' other name.
  auto other = tls;
  other.replace(other.find("@localhost"), 10, "@127.0.0.2");
  auto wrong = run(AsyncDatabase::open(plain_url() + "?sslmode=verify-full&connect_timeout=2s&schema=" + schema()));
  const auto outcome = run(outcome_of([&] { return wrong.exists("x"); }));
  EXPECT_TRUE(fails_with(outcome, errc::tls_failed)) << "a CA that nobody knows";
  run(wrong.close());
}

TEST_F(Postgres, a_wrong_password_fails_at_once_and_is_not_shown) {
  auto bad = plain_url();
  bad.replace(bad.find("weir-password"), 13, "wrong-secret");
  auto db = run(AsyncDatabase::open(bad));
  const auto outcome = run(outcome_of([&] { return db.exists("x"); }));
  EXPECT_TRUE(fails_with(outcome, errc::authentication_failed));
  EXPECT_EQ(outcome.text().find("wrong-secret"), std::string::npos);
  ASSERT_TRUE(outcome.error());
  EXPECT_EQ(outcome.error()->server_code(), "28P01");
  run(db.close());
}

TEST_F(Postgres, an_unknown_database) {
  auto bad = plain_url();
  bad.replace(bad.rfind("/weir"), 5, "/nowhere");
  auto db = run(AsyncDatabase::open(bad));
  const auto outcome = run(outcome_of([&] { return db.exists("x"); }));
  EXPECT_TRUE(fails_with(outcome, errc::not_found));
  run(db.close());
}

TEST_F(Postgres, the_next_host_is_tried) {
  auto two = url();
  two.replace(two.find("@localhost"), 10, "@localhost:1,localhost");
  auto db = run(AsyncDatabase::open(two));
  EXPECT_FALSE(run(db.exists("x")));
  run(db.close());
}

awaitable<void> survives(AsyncDatabase db, const std::function<void()>& kill) {
  for (int i = 0; i < 5; ++i) co_await db.upsert(Record().with_id("a"));
  kill();
  // Idle connections are looked at before they are used; nobody sees that they ended.
  EXPECT_TRUE(co_await db.exists("a"));
  co_await db.upsert(Record().with_id("b"));
  EXPECT_EQ(co_await db.count(), 2u);
}

TEST_F(Postgres, terminated_connections_are_replaced) {
  auto db = run(AsyncDatabase::open(url()));
  run(survives(db, [this] {
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" + schema() + "'");
  }));
  run(db.close());
}

TEST_F(Postgres, ping_tells_what_is_there) {
  auto db = run(AsyncDatabase::open(url()));
  const auto health = run(db.ping());
  EXPECT_TRUE(health.reachable) << health.error;
  EXPECT_EQ(health.product, "postgresql");
  EXPECT_TRUE(health.version.starts_with("15")) << health.version;
  ASSERT_TRUE(health.server_connections);
  EXPECT_GT(health.server_connections->available, 0u);
  run(db.close());
}

}  // namespace
}  // namespace weir::test
