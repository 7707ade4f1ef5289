#include "cli/tool.hpp"

#include <algorithm>
#include <csignal>
#include <set>

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Records : public ToolTest {
 protected:
  void fill() {
    const auto result = weir({"put", database(), "--flat"},
                             "{\"id\":\"1\",\"name\":\"Ann\",\"age\":34}\n"
                             "{\"id\":\"2\",\"name\":\"Bob\",\"age\":27}\n"
                             "{\"id\":\"3\",\"name\":\"Cid\",\"address\":{\"city\":\"Köln\"}}\n");
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n");
  }
};

TEST_F(Records, PutGetRemove) {
  fill();
  const auto both = weir({"get", database(), "2", "1"});
  EXPECT_EQ(both.code, 0);
  const auto records = lines(both.out);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0]["id"], "2");
  EXPECT_EQ(records[0]["fields"], Json::parse(R"({"name":"Bob","age":27})"));
  EXPECT_FALSE(records[0]["version"].get<std::string>().empty());

  const auto missing = weir({"get", database(), "9", "1", "--flat"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.out, "{\"id\":\"1\",\"age\":34,\"name\":\"Ann\"}\n");
  EXPECT_THAT(missing.err, HasSubstr("there is no record \"9\""));

  const auto removed = weir({"rm", database(), "1", "9"});
  EXPECT_EQ(removed.code, 1);
  EXPECT_THAT(removed.err, HasSubstr("there is no record \"9\""));
  EXPECT_THAT(removed.err, HasSubstr("1 record removed"));
  EXPECT_EQ(weir({"rm", database(), "2"}).code, 0);
  EXPECT_EQ(weir({"count", database()}).out, "1\n");
}

TEST_F(Records, PutReplacesUnlessToldOtherwise) {
  fill();
  EXPECT_EQ(weir({"put", database(), "--flat"}, "{\"id\":\"1\",\"name\":\"New\"}\n").code, 0);
  EXPECT_EQ(weir({"get", database(), "1", "--flat"}).out, "{\"id\":\"1\",\"name\":\"New\"}\n");
  const auto refused =
      weir({"put", database(), "--flat", "--on-conflict", "insert"}, "{\"id\":\"1\",\"name\":\"Newer\"}\n");
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("standard input:1: "));
  EXPECT_EQ(weir({"get", database(), "1", "--flat"}).out, "{\"id\":\"1\",\"name\":\"New\"}\n");
}

TEST_F(Records, PutGivesNewIds) {
  const auto result = weir({"put", database()}, "{\"fields\":{\"n\":1}}\n{\"fields\":{\"n\":2}}\n");
  EXPECT_EQ(result.code, 0);
  const auto ids = lines(result.out);
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_LT(ids[0]["id"], ids[1]["id"]);
  EXPECT_EQ(lines(weir({"get", database(), ids[1]["id"]}).out).at(0)["fields"]["n"], 2);
}

TEST_F(Records, SearchFiltersOrdersAndPages) {
  fill();
  const auto names = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"search", database(), "--flat"});
    const auto result = weir(words);
    EXPECT_EQ(result.code, 0) << result.err;
    std::string all;
    for (const auto& record : lines(result.out)) all += record["name"].get<std::string>() + " ";
    return all;
  };
  EXPECT_EQ(names({}), "Ann Bob Cid ");
  EXPECT_EQ(names({"--where", "age >= 30"}), "Ann ");
  EXPECT_EQ(names({"-w", "not exists(age) or name like 'B%'"}), "Bob Cid ");
  EXPECT_EQ(names({"--order-by", "age:desc"}), "Ann Bob Cid ");
  EXPECT_EQ(names({"-o", "age"}), "Bob Ann Cid ");
  EXPECT_EQ(names({"-o", "name:desc", "-n", "1", "--offset", "1"}), "Bob ");
  EXPECT_EQ(names({"--query", R"({"where":{"path":"address.city","op":"eq","value":"Köln"}})"}), "Cid ");
  EXPECT_EQ(names({"--query", R"({"order_by":[{"path":"age"}]})", "--limit", "1"}), "Bob ");
  EXPECT_EQ(names({"--limit", "0"}), "");
  const auto selected = weir({"search", database(), "--flat", "--select", "address.city", "-w", "id = '3'"});
  EXPECT_EQ(selected.out, "{\"id\":\"3\",\"address\":{\"city\":\"Köln\"}}\n");
  EXPECT_EQ(weir({"count", database(), "--where", "age > 1"}).out, "2\n");
}

TEST_F(Records, PartitionsAreDisjointAndTogetherTheWhole) {
  ASSERT_EQ(weir({"import", database(), "-", "--flat", "-q"}, numbered(0, 500)).code, 0);
  std::multiset<int> all;
  for (const char* part : {"0/3", "1/3", "2/3"}) {
    const auto result = weir({"search", database(), "--partition", part, "--flat"});
    EXPECT_EQ(result.code, 0) << result.err;
    for (const auto& record : lines(result.out)) all.insert(record["n"].get<int>());
  }
  ASSERT_EQ(all.size(), 500U);
  EXPECT_EQ(std::set<int>(all.begin(), all.end()).size(), 500U);
}

TEST_F(Records, OtherFormats) {
  fill();
  EXPECT_EQ(weir({"search", database(), "--format", "csv"}).out,
            "id,age,name,address.city\n1,34,Ann,\n2,27,Bob,\n3,,Cid,Köln\n");
  EXPECT_EQ(weir({"search", database(), "--format", "csv", "--select", "name,age", "-w", "exists(age)"}).out,
            "id,name,age\n1,Ann,34\n2,Bob,27\n");
  EXPECT_EQ(Json::parse(weir({"search", database(), "--format", "json", "--flat", "-n", "1"}).out),
            Json::parse(R"([{"id":"1","name":"Ann","age":34}])"));
  EXPECT_EQ(weir({"search", database(), "--format", "json", "-n", "0"}).out, "[]\n");
  EXPECT_THAT(weir({"search", database(), "--format", "table"}).out, HasSubstr("Köln"));
}

TEST_F(Records, AFieldOfTheIdsNameIsAskedAbout) {
  ASSERT_EQ(weir({"put", database()}, "{\"id\":\"k\",\"fields\":{\"id\":\"own\"}}\n").code, 0);
  const auto refused = weir({"search", database(), "--flat"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--id-field"));
  EXPECT_EQ(weir({"search", database(), "--flat", "--id-field", "_id"}).out, "{\"_id\":\"k\",\"id\":\"own\"}\n");
}

TEST_F(Records, PingExplainStats) {
  fill();
  const auto ping = weir({"ping", database()});
  EXPECT_EQ(ping.code, 0) << ping.err;
  const auto health = Json::parse(ping.out);
  EXPECT_TRUE(health["reachable"].get<bool>());
  EXPECT_EQ(health["product"], "sqlite");
  const auto plan = weir({"explain", database(), "--where", "id = '1'"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_TRUE(Json::parse(plan.out).is_object());
  const auto stats = weir({"stats", database()});
  EXPECT_EQ(stats.code, 0) << stats.err;
  EXPECT_TRUE(Json::parse(stats.out)["pool"].is_object());
}

TEST_F(Records, WatchingEndsWithCtrlC) {
  Process watch(weir_command({"stats", database(), "--watch", "--interval", "1ms"}));
  watch.read_until([](const ProcessResult& so_far) { return std::ranges::count(so_far.out, '\n') >= 3; });
  watch.signal(SIGINT);
  const auto result = watch.wait();
  EXPECT_EQ(result.code, 130);
  EXPECT_THAT(result.err, IsEmpty());
}

}  // namespace
}  // namespace weir::cli::test
