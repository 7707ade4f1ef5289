// The server restarts, throws everybody out, or is full; another one takes its place.

#include "faults/postgresql/fixture.hpp"

#include <weir/postgresql.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

namespace weir::test {
namespace {

using namespace std::chrono_literals;
using Faults = FaultyPostgres;
using Clock = std::chrono::steady_clock;

struct Load {
  std::atomic<bool> stop{false};
  std::atomic<unsigned> done{0};
  std::atomic<unsigned> failed{0};
  std::atomic<Clock::rep> last_failure{0};
  std::atomic<bool> other{false};  // something failed in a way it must not
};

awaitable<void> read_and_write(AsyncDatabase db, std::shared_ptr<Load> load, int number) {
  Record mine;
  mine.id = "r" + std::to_string(number);
  for (unsigned i = 0; !load->stop; ++i) {
    mine.set("n", i);
    const auto outcome = co_await outcome_of([&] {
      if (i % 2 == 0) return db.upsert(mine);
      return db.create(Record());
    });
    if (outcome.ok()) {
      ++load->done;
      continue;
    }
    ++load->failed;
    load->last_failure = Clock::now().time_since_epoch().count();
    if (!outcome.error() || !(outcome.error()->transient() || outcome.error()->maybe_applied())) {
      ADD_FAILURE() << outcome;
      load->other = true;
    }
  }
}

template <class Meanwhile>
std::shared_ptr<Load> under_load(boost::asio::io_context& io, AsyncDatabase db, Meanwhile meanwhile) {
  auto load = std::make_shared<Load>();
  for (int i = 0; i < 16; ++i) boost::asio::co_spawn(io, read_and_write(db, load, i), boost::asio::detached);
  io.restart();
  std::thread loop([&io] { io.run(); });
  const auto reach = [&](unsigned more) {
    const auto wanted = load->done + more;
    const auto limit = Clock::now() + 20s;
    while (load->done < wanted && Clock::now() < limit) std::this_thread::yield();
    EXPECT_GE(load->done, wanted) << "nothing goes on";
  };
  reach(200);
  meanwhile(*load, reach);
  load->stop = true;
  loop.join();
  return load;
}

TEST_F(Faults, everybody_thrown_out_under_load) {
  auto db = run(AsyncDatabase::open(url()));
  EXPECT_FALSE(run(db.exists("x")));
  const auto load = under_load(loop(), db, [&](Load&, const auto& reach) {
    for (int i = 0; i < 5; ++i) {
      sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" + schema() + "'");
      reach(200);
    }
  });
  EXPECT_FALSE(load->other);
  run(db.close());
}

// The pause between two tries is bounded by reconnect_max: within that, and what the connect takes, it goes on.
TEST(FaultyServer, restarted_under_load) {
  const auto& server = Server::start("postgres", {"--name", "restarted"});
  WEIR_NEED_SERVER(server);
  boost::asio::io_context io(1);
  auto db = run_on(io, AsyncDatabase::open(server.setting("POSTGRES_URL") + "?timeout=3s&reconnect_max=500ms"));
  EXPECT_FALSE(run_on(io, db.exists("x")));
  const auto load = under_load(io, db, [&](Load& now, const auto& reach) {
    server.command({"stop-part", "primary"});
    server.command({"start"});
    const auto back = Clock::now();
    reach(500);
    const Clock::time_point last{Clock::duration(now.last_failure.load())};
    EXPECT_LE(last - back, 1s) << "errors went on after the server was back";
  });
  EXPECT_FALSE(load->other);
  run_on(io, db.close());
  server.command({"stop", "--wipe"});
}

awaitable<unsigned> many_at_once(AsyncDatabase db, unsigned count) {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto native = db.native<PostgresDatabase>();
  unsigned done = 0;
  unsigned well = 0;
  for (unsigned i = 0; i < count; ++i)
    boost::asio::co_spawn(executor, native.query("SELECT pg_sleep(0.02)"),
                          [&](const std::exception_ptr& error, PostgresRows) {
                            ++done;
                            if (!error) ++well;
                            if (error) ADD_FAILURE() << Outcome::from(error);
                          });
  while (done < count) co_await boost::asio::post(boost::asio::use_awaitable);
  co_return well;
}

TEST_F(Faults, too_many_connections) {
  const auto role = "limited_" + std::to_string(::getpid());
  sql("CREATE ROLE " + role + " LOGIN PASSWORD 'few' CONNECTION LIMIT 2; GRANT ALL ON SCHEMA " + schema() + " TO " +
      role);
  auto at = url("max_size=8");
  at.replace(at.find("weir:weir-password@"), 18, role + ":few");
  auto db = run(AsyncDatabase::open(at));
  EXPECT_EQ(run(many_at_once(db, 16)), 16u);
  run(db.close());
  sql("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST(FaultyServer, the_standby_takes_over) {
  const auto& server = Server::start("postgres", {"--standby", "--name", "failover"});
  WEIR_NEED_SERVER(server);
  boost::asio::io_context io(1);
  auto db = run_on(io, AsyncDatabase::open(server.setting("POSTGRES_MULTI_HOST_URL") +
                                           "?target_session_attrs=read-write&timeout=15s"));
  Record one;
  one.id = "a";
  run_on(io, db.upsert(one));

  // Reads go to the standby when they are asked to.
  auto reader = run_on(io, AsyncDatabase::open(server.setting("POSTGRES_MULTI_HOST_URL") +
                                               "?read_from=standby&application_name=reader"));
  const auto limit = Clock::now() + 20s;
  while (!run_on(io, reader.exists("a")) && Clock::now() < limit) std::this_thread::yield();
  EXPECT_TRUE(run_on(io, reader.exists("a")));
  const auto standby =
      with_port(server.setting("POSTGRES_SUPERUSER_URL"), port_of(server.setting("POSTGRES_STANDBY_URL")));
  EXPECT_NE(run_sql(standby, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'reader'")[0][0], "0");
  run_on(io, reader.close());

  server.command({"stop-part", "primary"});
  server.command({"promote"});
  const auto outcome = run_on(io, outcome_of([&] { return db.upsert(one); }));
  EXPECT_TRUE(succeeds(outcome));
  run_on(io, db.close());
  server.command({"stop", "--wipe"});
}

// It lives on and answers, but takes no writes any longer: 25006.
TEST(FaultyServer, a_demoted_primary_is_left_for_the_new_one) {
  const auto& server = Server::start("postgres", {"--standby", "--name", "demoted"});
  WEIR_NEED_SERVER(server);
  boost::asio::io_context io(1);
  // The old primary stands first in the list.
  const auto port = std::to_string(port_of(server.setting("POSTGRES_URL")));
  const auto standby = std::to_string(port_of(server.setting("POSTGRES_STANDBY_URL")));
  auto hosts = server.setting("POSTGRES_URL");
  hosts.replace(hosts.find(":" + port), port.size() + 1, ":" + port + ",localhost:" + standby);
  auto db = run_on(io, AsyncDatabase::open(hosts + "?target_session_attrs=read-write&timeout=15s&max_size=2"));
  Record one;
  one.id = "a";
  run_on(io, db.upsert(one));

  server.command({"promote"});
  const auto superuser = server.setting("POSTGRES_SUPERUSER_URL");
  run_sql(superuser, "ALTER SYSTEM SET default_transaction_read_only = on");
  run_sql(superuser, "SELECT pg_reload_conf()");
  // Sessions learn of it between two statements of theirs.
  auto old = run_on(io, AsyncDatabase::open(server.setting("POSTGRES_URL") + "?retry.max_attempts=1"));
  const auto limit = Clock::now() + 20s;
  Outcome refused;
  do refused = run_on(io, outcome_of([&] { return old.upsert(one); }));
  while (refused.ok() && Clock::now() < limit);
  ASSERT_TRUE(refused.error()) << refused;
  EXPECT_EQ(refused.error()->server_code(), "25006");
  EXPECT_TRUE(refused.error()->transient());
  run_on(io, old.close());

  Record two;
  two.id = "b";
  EXPECT_TRUE(succeeds(run_on(io, outcome_of([&] { return db.upsert(two); }))));
  EXPECT_EQ(run_sql(with_port(superuser, port_of(server.setting("POSTGRES_STANDBY_URL"))),
                    "SELECT count(*) FROM records WHERE id = 'b'")[0][0],
            "1");
  run_on(io, db.close());
  server.command({"stop", "--wipe"});
}

}  // namespace
}  // namespace weir::test
