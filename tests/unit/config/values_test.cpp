// Values of every type, defaults, and the typed classes.

#include "unit/config/support.hpp"

#include <weir/config.hpp>
#include <weir/configs.hpp>
#include <weir/pool_options.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace testing_support;
using std::chrono::milliseconds;

TEST(Values, of_each_type_read_from_text) {
  const auto duration = [](const char* text) {
    return Config::from_url("memory:?timeout=" + std::string(text)).get<milliseconds>("timeout");
  };
  EXPECT_EQ(duration("0"), milliseconds(0));
  EXPECT_EQ(duration("1500"), milliseconds(1500));
  EXPECT_EQ(duration("5000us"), milliseconds(5));
  EXPECT_EQ(duration("7ms"), milliseconds(7));
  EXPECT_EQ(duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(duration("0.001s"), milliseconds(1));
  EXPECT_EQ(duration("2m"), std::chrono::minutes(2));
  EXPECT_EQ(duration("1.25h"), std::chrono::minutes(75));
  EXPECT_EQ(duration("2d"), std::chrono::hours(48));
  EXPECT_EQ(duration("1%20s"), milliseconds(1000));
  const auto size = [](const char* text) {
    return Config::from_url("sqlite:x?cache_size=" + std::string(text)).get<std::uint64_t>("cache_size");
  };
  EXPECT_EQ(size("0"), 0U);
  EXPECT_EQ(size("123"), 123U);
  EXPECT_EQ(size("123B"), 123U);
  EXPECT_EQ(size("2kB"), 2000U);
  EXPECT_EQ(size("2KiB"), 2048U);
  EXPECT_EQ(size("1.5MiB"), 1'572'864U);
  EXPECT_EQ(size("3MB"), 3'000'000U);
  EXPECT_EQ(size("1GiB"), 1U << 30U);
  EXPECT_EQ(size("2TB"), 2'000'000'000'000U);
  for (const char* yes : {"true", "1", "yes", "on"})
    EXPECT_TRUE(Config::from_url("memory:?fail_fast=" + std::string(yes)).get<bool>("fail_fast"));
  for (const char* no : {"false", "0", "no", "off"})
    EXPECT_FALSE(Config::from_url("memory:?fail_fast=" + std::string(no)).get<bool>("fail_fast"));
  EXPECT_EQ(Config::from_url("memory:?loop_threads=auto").get<unsigned>("loop_threads"), 0U);
  EXPECT_EQ(Config::from_json("memory", {{"loop_threads", "auto"}, {"timeout", "2s"}}).get<milliseconds>("timeout"),
            milliseconds(2000));
  using Strings = std::vector<std::string>;
  const auto list = [](const char* text) {
    return Config::from_json("sqlite", {{"index", text}}).get<Strings>("index");
  };
  EXPECT_EQ(list(""), Strings{});
  EXPECT_EQ(list(" a , b.c "), (Strings{"a", "b.c"}));
  EXPECT_EQ(list(R"(a\,b,c\\,a\.b)"), (Strings{"a,b", "c\\", "a\\.b"}));
  EXPECT_EQ(list(R"(\ a\ ,b)"), (Strings{" a ", "b"}));
}

TEST(Values, are_given_as_they_were_asked_for) {
  const auto config = Config::from_url("postgresql://h?max_size=3&max_uses=9000000000");
  EXPECT_EQ(config.get<unsigned>("max_size"), 3U);
  EXPECT_EQ(config.get<std::uint64_t>("max_size"), 3U);
  EXPECT_EQ(config.get<std::int64_t>("max_size"), 3);
  EXPECT_EQ(config.get<unsigned>("max_idle"), 3U) << "the default is max_size";
  EXPECT_EQ(config.get<std::string>("sslmode"), "prefer");
  EXPECT_EQ(Config::from_url("postgresql://h?ca_certs=/ca").get<std::string>("sslmode"), "verify-full");
  EXPECT_EQ(Config::from_url("postgresql://h?ca_certs=/ca&sslmode=require").get<std::string>("sslmode"), "require");
  EXPECT_THAT(refusal([&] { return config.get<unsigned>("max_uses"); }), testing::HasSubstr("'max_uses'"));
  EXPECT_THAT(refusal([&] { return config.get<bool>("max_size"); }), testing::HasSubstr("'max_size'"));
  EXPECT_THAT(refusal([&] { return config.get<std::string>("nothing"); }), testing::HasSubstr("nothing"));
  EXPECT_THAT(refusal([&] { return config.has("nothing"); }), testing::HasSubstr("nothing"));
}

TEST(Defaults, of_the_pool_are_those_of_pool_options) {
  const PoolOptions pool;
  const auto config = Config::from_url("memory:");
  EXPECT_EQ(config.get<unsigned>("max_size"), pool.max_size());
  EXPECT_EQ(config.get<unsigned>("min_size"), pool.min_size());
  EXPECT_EQ(config.get<unsigned>("min_idle"), pool.min_idle());
  EXPECT_EQ(config.get<unsigned>("max_idle"), pool.idle_limit());
  EXPECT_EQ(config.get<unsigned>("total_limit"), pool.total_limit());
  EXPECT_EQ(config.get<unsigned>("max_connecting"), pool.max_connecting());
  EXPECT_EQ(config.get<unsigned>("pipeline_depth"), pool.pipeline_depth());
  EXPECT_EQ(config.get<unsigned>("max_waiters"), pool.max_waiters());
  EXPECT_EQ(config.get<unsigned>("eject_after"), pool.eject_after());
  EXPECT_EQ(config.get<unsigned>("loop_threads"), pool.loop_threads());
  EXPECT_EQ(config.get<unsigned>("tcp_keepalive_count"), pool.tcp_keepalive_count());
  EXPECT_EQ(config.get<std::uint64_t>("max_uses"), pool.max_uses());
  EXPECT_EQ(config.get<bool>("fail_fast"), pool.fail_fast());
  EXPECT_EQ(config.get<bool>("start_paused"), pool.start_paused());
  EXPECT_EQ(config.get<milliseconds>("acquire_timeout"), pool.acquire_timeout());
  EXPECT_EQ(config.get<milliseconds>("slow_acquire"), pool.slow_acquire());
  EXPECT_EQ(config.get<milliseconds>("selection_timeout"), pool.selection_timeout());
  EXPECT_EQ(config.get<milliseconds>("connect_timeout"), pool.connect_timeout());
  EXPECT_EQ(config.get<milliseconds>("attempt_delay"), pool.attempt_delay());
  EXPECT_EQ(config.get<milliseconds>("reconnect_min"), pool.reconnect_min());
  EXPECT_EQ(config.get<milliseconds>("reconnect_max"), pool.reconnect_max());
  EXPECT_EQ(config.get<milliseconds>("tcp_user_timeout"), pool.tcp_user_timeout());
  EXPECT_EQ(config.get<milliseconds>("tcp_keepalive"), pool.tcp_keepalive_idle());
  EXPECT_EQ(config.get<milliseconds>("tcp_keepalive_interval"), pool.tcp_keepalive_interval());
  EXPECT_EQ(config.get<milliseconds>("idle_timeout"), pool.idle_timeout());
  EXPECT_EQ(config.get<milliseconds>("max_lifetime"), pool.max_lifetime());
  EXPECT_EQ(config.get<milliseconds>("validate_after"), pool.validate_after());
  EXPECT_EQ(config.get<milliseconds>("keepalive_interval"), pool.keepalive_interval());
  EXPECT_EQ(config.get<milliseconds>("ping_timeout"), pool.ping_timeout());
  EXPECT_EQ(config.get<milliseconds>("reset_timeout"), pool.reset_timeout());
  EXPECT_EQ(config.get<milliseconds>("heartbeat_interval"), pool.heartbeat_interval());
  EXPECT_EQ(config.get<milliseconds>("min_heartbeat"), pool.min_heartbeat());
  EXPECT_EQ(config.get<milliseconds>("eject_base"), pool.eject_base());
  EXPECT_EQ(config.get<milliseconds>("eject_max"), pool.eject_max());
  EXPECT_EQ(config.get<milliseconds>("lease_warning"), pool.lease_warning());
  EXPECT_EQ(config.get<milliseconds>("drain_timeout"), pool.drain_timeout());
  const auto http = Config::from_url("s3://b");
  EXPECT_EQ(http.get<unsigned>("max_size"), 32U);
  EXPECT_EQ(http.get<unsigned>("max_connecting"), 4U);
  EXPECT_EQ(http.get<milliseconds>("idle_timeout"), milliseconds(50'000));
  EXPECT_EQ(http.get<milliseconds>("max_lifetime"), milliseconds(600'000));
  EXPECT_EQ(http.get<milliseconds>("keepalive_interval"), milliseconds(0));
  EXPECT_EQ(Config::from_url("postgresql://h").get<unsigned>("pipeline_depth"), 32U);
  EXPECT_TRUE(Config::from_url("mongodb://h").get<bool>("start_paused"));
}

TEST(TypedConfigs, become_configurations) {
  using namespace std::chrono_literals;
  static_assert(!std::is_aggregate_v<PostgresConfig> && !std::is_aggregate_v<MemoryConfig> &&
                !std::is_aggregate_v<WithSecrets>);
  const Config memory = MemoryConfig{}.name("n").timeout(2s).retry_attempts(5);
  EXPECT_EQ(memory, Config::from_url("memory:n?timeout=2s&retry.max_attempts=5"));
  const Config sqlite =
      SqliteConfig("p.db").index({"a", "b,c"}).readers(2).synchronous("full").busy_timeout(1s).read_only(true);
  EXPECT_EQ(sqlite,
            Config::from_url("sqlite:p.db?index=a,b%5C,c&readers=2&synchronous=full&busy_timeout=1s&read_only=true"));
  const Config postgres = PostgresConfig{}
                              .hosts({"db1", "db2:7"})
                              .database("app")
                              .user("me")
                              .password("pw")
                              .max_size(20)
                              .option("ssl", true);
  EXPECT_EQ(postgres, Config::from_url("postgresql://me:pw@db1,db2:7/app?max_size=20&sslmode=verify-full"));
  const Config one = PostgresConfig{}.host("db").port(7);
  EXPECT_EQ(one, Config::from_url("postgresql://db:7"));
  const Config elasticsearch =
      ElasticsearchConfig{}.hosts({"https://h:1"}).index("people").api_key("k").connect_on_open(true);
  EXPECT_EQ(elasticsearch, Config::from_url("elasticsearch+https://h:1/people?api_key=k&connect_on_open=true"));
  const Config s3 =
      S3Config("b").prefix("p/").region("r").part_size(6'000'000).access_key_id("a").secret_access_key("s");
  EXPECT_EQ(s3, Config::from_url("s3://b/p/?region=r&part_size=6MB&access_key_id=a&secret_access_key=s"));
  PostgresConfig kept;
  kept.host("h").max_size(3);
  EXPECT_EQ(kept.max_size(), 3U);
  EXPECT_THAT(refusal([] { return Config(PostgresConfig{}.max_size(0)); }), testing::HasSubstr("'max_size'"));
  EXPECT_THAT(refusal([] { return Config(PostgresConfig{}.option("nothing", 0)); }),
              testing::HasSubstr("unknown option 'nothing'"));
}

TEST(Config, is_a_value) {
  EXPECT_EQ(Config(), Config::from_url("memory:"));
  auto a = Config::from_url("sqlite:x");
  const auto b = a;
  a.set("readers", 2).set("path", "y");
  EXPECT_EQ(b, Config::from_url("sqlite:x"));
  EXPECT_EQ(a, Config::from_url("sqlite:y?readers=2"));
  EXPECT_NE(a, b);
  EXPECT_NE(Config::from_url("memory:x"), Config::from_url("sqlite:x"));
  EXPECT_EQ(Config::from_url("postgresql://a:1").set("host", "b"), Config::from_url("postgresql://b"));
  refusal([&] { return Config::from_url("postgresql://a").set("port", 5); });
  refusal([&] { return a.set("reders", 2); });
  EXPECT_EQ(a, Config::from_url("sqlite:y?readers=2"));
}

}  // namespace
}  // namespace weir
