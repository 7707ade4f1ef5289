// What is refused, and that the message names option, value, source and the nearest name.

#include "core/config/nearest.hpp"
#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::refusal;

struct Refused {
  std::string url;
  std::vector<std::string> names;  // each is in the message
};
void PrintTo(const Refused& c, std::ostream* out) { *out << c.url; }

class UrlRefused : public testing::TestWithParam<Refused> {};

TEST_P(UrlRefused, and_why) {
  const auto text = refusal([] { return Config::from_url(GetParam().url); });
  for (const auto& name : GetParam().names) EXPECT_THAT(text, HasSubstr(name));
}

const Refused refused[] = {
    {"", {"does not begin with a scheme"}},
    {"people.db", {"does not begin with a scheme"}},
    {"postgre://h/d", {"unknown scheme 'postgre'", "'postgres'"}},
    {"mongodb+srv://h/d", {"mongodb+srv is not supported"}},
    {"memory:#x", {"'#'"}},
    {"memory:a b", {"blank"}},
    {"memory:%zz", {"'%'"}},
    {"memory:%2", {"'%'"}},
    {"memory:?name=%00", {"NUL"}},
    {"memory:%FF", {"'name'", "UTF-8"}},
    {"memory:?timeout", {"no value"}},
    {"memory:?max_sise=3", {"unknown option 'max_sise'", "URL query", "'max_size'"}},
    {"memory:?tabel=x", {"unknown option 'tabel'"}},
    {"memory:?table=x", {"unknown option 'table'", "option of sqlite, postgres"}},
    {"memory:?max_size=ten", {"'max_size'", "\"ten\"", "URL query", "a whole number"}},
    {"memory:?maxsize=ten", {"'max_size'", "given as 'maxsize'"}},
    {"memory:?max_size=0", {"'max_size'", "the least is 1"}},
    {"memory:?max_size=-1", {"'max_size'", "negative"}},
    {"memory:?max_size=4294967296", {"'max_size'", "the most is 4294967295"}},
    {"memory:?max_size=99999999999999999999", {"too large"}},
    {"memory:?max_size=", {"'max_size'"}},
    {"memory:?loop_threads=many", {"a whole number or auto"}},
    {"memory:?timeout=5x", {"'timeout'", "\"5x\"", "a duration"}},
    {"memory:?timeout=1.5", {"'timeout'", "not a whole number of milliseconds"}},
    {"memory:?timeout=5us", {"not a whole number of milliseconds"}},
    {"memory:?timeout=0.0000001s", {"finer than"}},
    {"memory:?timeout=-5s", {"negative"}},
    {"memory:?timeout=99999999d", {"the most is"}},
    {"memory:?timeout=999999999999999999d", {"too large"}},
    {"memory:?fail_fast=maybe", {"'fail_fast'", "true or false"}},
    {"memory:?reuse=lofi", {"'reuse'", "lifo, fifo"}},
    {"sqlite:x?cache_size=5kb", {"'cache_size'", "kB"}},
    {"sqlite:x?index=a,,b", {"'index'", "empty"}},
    {"sqlite:x?path=y", {"'path' is given twice", "\"x\" (URL)", "\"y\" (URL query)"}},
    {"memory:?max_size=3&max_connections=4", {"'max_size' is given twice", "'max_size' = 3", "'max_connections' = 4"}},
    {"postgresql:h/d", {"'//'"}},
    {"postgresql://h:0/", {"1 to 65535"}},
    {"postgresql://h:65536/", {"1 to 65535"}},
    {"postgresql://h,/", {"empty"}},
    {"postgresql://,h/", {"empty"}},
    {"postgresql://[::1/", {"IPv6"}},
    {"postgresql://[host]/", {"IPv6"}},
    {"postgresql://a_b!/", {"letters"}},
    {"postgresql://u@v@h/", {"more than one '@'"}},
    {"postgresql://h/?host=other", {"'hosts' is given twice"}},
    {"postgresql://h:1/?port=2", {"'hosts' is given twice"}},
    {"postgresql:///?host=a,b&port=1,2,3", {"2 hosts and 3 ports"}},
    {"postgresql:///?host=a:7&port=8", {"another port"}},
    {"postgresql://h/?sslmode=verify_full", {"'sslmode'", "verify-full"}},
    {"elasticsearch+https://h/?tls=false", {"'tls' is given twice"}},
    {"elasticsearch+https://h/a/b", {"path_prefix"}},
    {"elasticsearch:///?hosts=ftp://h", {"http or https"}},
    {"s3:bucket", {"'//'"}},
    {"s3://b/?part_size=1MiB", {"'part_size'", "5242880 bytes"}},
};
INSTANTIATE_TEST_SUITE_P(config, UrlRefused, testing::ValuesIn(refused));

TEST(JsonRefused, names_option_and_type) {
  const auto text = [](const Json& json) { return refusal([&] { return Config::from_json(json); }); };
  EXPECT_THAT(text(Json::array()), HasSubstr("an object"));
  EXPECT_THAT(text(Json::object()), HasSubstr("neither 'backend' nor 'url'"));
  EXPECT_THAT(text({{"backend", 5}}), HasSubstr("'backend'"));
  EXPECT_THAT(text({{"backend", "postgrse"}}), AllOf(HasSubstr("'postgrse'"), HasSubstr("'postgres'")));
  EXPECT_THAT(text({{"backend", "memory"}, {"max_size", "10"}}),
              AllOf(HasSubstr("'max_size'"), HasSubstr("JSON"), HasSubstr("whole number")));
  EXPECT_THAT(text({{"backend", "memory"}, {"max_size", 10.5}}), HasSubstr("whole number"));
  EXPECT_THAT(text({{"backend", "memory"}, {"max_size", -1}}), HasSubstr("negative"));
  EXPECT_THAT(text({{"backend", "memory"}, {"fail_fast", "true"}}), HasSubstr("true or false"));
  EXPECT_THAT(text({{"backend", "memory"}, {"fail_fast", 1}}), HasSubstr("true or false"));
  EXPECT_THAT(text({{"backend", "memory"}, {"timeout", 1.5}}), HasSubstr("a duration"));
  EXPECT_THAT(text({{"backend", "memory"}, {"timeout", nullptr}}), HasSubstr("no value"));
  EXPECT_THAT(text({{"backend", "memory"}, {"timeout", {{"a", 1}}}}), HasSubstr("(an object)"));
  EXPECT_THAT(text({{"backend", "memory"}, {"pool", 5}}), HasSubstr("unknown option 'pool'"));
  EXPECT_THAT(text({{"backend", "memory"}, {"pool", {{"max_sise", 5}}}}), HasSubstr("'max_size'"));
  EXPECT_THAT(text({{"backend", "memory"}, {"retry", {{"bse", 5}}}}), HasSubstr("'retry.base'"));
  EXPECT_THAT(text({{"backend", "memory"}, {"name", std::string("a\0b", 3)}}), HasSubstr("NUL"));
  EXPECT_THAT(text({{"backend", "sqlite"}, {"index", {"a", 5}}}), HasSubstr("list of strings"));
  EXPECT_THAT(text({{"backend", "memory"}, {"url", "sqlite:x"}}), HasSubstr("another backend"));
  EXPECT_THAT(text({{"url", "sqlite:x"}, {"path", "y"}}),
              AllOf(HasSubstr("\"x\" (JSON, url, URL)"), HasSubstr("\"y\" (JSON)")));
  EXPECT_THAT(text({{"backend", "postgres"}, {"connection_string", "host"}}), HasSubstr("'='"));
  EXPECT_THAT(text({{"backend", "postgres"}, {"connection_string", "host='h"}}), HasSubstr("not closed"));
  EXPECT_THAT(text({{"backend", "postgres"}, {"connection_string", "hots=h"}}), HasSubstr("'host'"));
}

TEST(Nearest, is_by_damerau_levenshtein) {
  using configuration::damerau_levenshtein;
  EXPECT_EQ(damerau_levenshtein("", ""), 0U);
  EXPECT_EQ(damerau_levenshtein("", "abc"), 3U);
  EXPECT_EQ(damerau_levenshtein("abc", ""), 3U);
  EXPECT_EQ(damerau_levenshtein("max_szie", "max_size"), 1U);  // swapped
  EXPECT_EQ(damerau_levenshtein("mx_size", "max_size"), 1U);   // missing
  EXPECT_EQ(damerau_levenshtein("maax_size", "max_size"), 1U);
  EXPECT_EQ(damerau_levenshtein("mac_size", "max_size"), 1U);
  EXPECT_EQ(damerau_levenshtein("ca", "abc"), 3U);  // no part is changed twice
  const std::vector<std::string> names{"min_size", "max_size", "max_idle"};
  EXPECT_EQ(configuration::nearest("maxsize", names), "max_size");
  EXPECT_EQ(configuration::nearest("x", {}), "");
  EXPECT_EQ(configuration::nearest(std::string(1'000'000, 'm'), names), "min_size");  // bounded work
}

TEST(Validate, finds_what_does_not_fit_together) {
  const auto text = [](const char* url) { return refusal([&] { return Config::from_url(url).validate(), 0; }); };
  EXPECT_THAT(text("memory:?min_size=11"),
              AllOf(HasSubstr("'min_size' (11)"), HasSubstr("'max_size' (10 by default)")));
  EXPECT_THAT(text("memory:?min_idle=3&max_size=2"), HasSubstr("'min_idle' (3)"));
  EXPECT_THAT(text("memory:?reconnect_min=6s"),
              AllOf(HasSubstr("'reconnect_min' (6000 ms)"), HasSubstr("'reconnect_max' (5000 ms by default)")));
  EXPECT_THAT(text("memory:?eject_base=31s"), HasSubstr("'eject_max'"));
  EXPECT_THAT(text("memory:?retry.base=21s"), HasSubstr("'retry.max'"));
  EXPECT_THAT(text("sqlite:"), HasSubstr("'path' is missing"));
  EXPECT_THAT(text("s3:///prefix"), HasSubstr("'bucket' is missing"));
  EXPECT_THAT(text("s3://b?access_key_id=a"), HasSubstr("belong together"));
  EXPECT_THAT(text("s3://b?session_token=a"), HasSubstr("'session_token'"));
  EXPECT_THAT(text("s3://b?endpoint_url=localhost:9000"), HasSubstr("http://"));
  EXPECT_THAT(text("elasticsearch://h?cloud_id=x"), HasSubstr("exclude each other"));
  EXPECT_THAT(text("elasticsearch://u:p@h?api_key=x"), HasSubstr("only one can be used"));
  EXPECT_THAT(text("postgresql://h?client_key=x"), HasSubstr("'client_cert'"));
  for (const char* good : {"memory:", "sqlite:x", "postgresql://h", "elasticsearch://h", "s3://b", "mongodb://h",
                           "memory:?max_size=2&min_size=2"})
    EXPECT_NO_THROW(Config::from_url(good).validate()) << good;
  const std::string long_prefix(301, 'p');
  EXPECT_THAT(refusal([&] { return Config::from_url("s3://b/" + long_prefix); }), HasSubstr("300 bytes"));
}

TEST(Warnings, tell_what_is_hardly_meant) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  const auto warnings = [](const char* url) { return Config::from_url(url).warnings(); };
  EXPECT_THAT(warnings("memory:"), IsEmpty());
  EXPECT_THAT(warnings("memory:?acquire_timeout=31s"),
              ElementsAre(HasSubstr("'acquire_timeout' (31000 ms) is longer than 'timeout' (30000 ms)")));
  EXPECT_THAT(warnings("memory:?acquire_timeout=31s&timeout=0"), IsEmpty());
  EXPECT_THAT(warnings("memory:?total_limit=1&min_size=2"), ElementsAre(HasSubstr("'total_limit'")));
  EXPECT_THAT(warnings("postgresql://h/?connect_timeout=10"), ElementsAre(HasSubstr("10 milliseconds")));
  EXPECT_THAT(warnings("postgresql://h/?connect_timeout=10s"), IsEmpty());
}

TEST(MongoUrl, ignores_ill_formed_values_with_a_warning) {
  const auto config = Config::from_url("mongodb://h/?maxPoolSize=lots&tls=true");
  EXPECT_FALSE(config.has("max_size"));
  EXPECT_TRUE(config.get<bool>("tls"));
  ASSERT_EQ(config.warnings().size(), 1U);
  EXPECT_THAT(config.warnings()[0], AllOf(HasSubstr("'max_size'"), HasSubstr("ignored")));
  refusal([] { return Config::from_json({{"backend", "mongodb"}, {"max_size", "lots"}}); });
  refusal([] { return Config::from_url("mongodb://h/?maxPoolSzie=1"); });
}

}  // namespace
}  // namespace weir
