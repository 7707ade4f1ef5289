#include "support.hpp"

#include <weir/record.hpp>

#include <cstdint>

namespace weir::core::test {

struct Person {
  std::string name;
  int age = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Person, name, age)

enum class Colour { red, green };
NLOHMANN_JSON_SERIALIZE_ENUM(Colour, {{Colour::red, "red"}, {Colour::green, "green"}})

namespace {

TEST(Record, StartsEmpty) {
  const Record r;
  EXPECT_EQ(r.id, "");
  EXPECT_EQ(r.version, "");
  EXPECT_EQ(r.fields, Json::object());
  EXPECT_EQ(r.metadata, Json::object());
}

TEST(Record, HoldsAnObjectAndNothingElse) {
  EXPECT_EQ(Record(json(R"({"a":1})")).fields, json(R"({"a":1})"));
  for (const char* text : {"null", "1", "\"x\"", "[]", "true"})
    EXPECT_FAILURE(errc::invalid_argument, "object", Record(json(text)));
}

TEST(Record, SetMakesTheNesting) {
  const auto r = Record{}
                     .set("name", "Ada")
                     .set("address.city", "London")
                     .set("address.no", 7)
                     .set(R"(a\.b)", true)
                     .with_id("ada");
  EXPECT_EQ(r.fields, json(R"({"name":"Ada","address":{"city":"London","no":7},"a.b":true})"));
  EXPECT_EQ(r.id, "ada");
}

TEST(Record, SetOnAnLvalueChangesIt) {
  Record r;
  r.set("a", 1).set("a", 2).with_id("x");
  EXPECT_EQ(r.fields, json(R"({"a":2})"));
  static_assert(std::is_same_v<decltype(r.set("a", 1)), Record&>);
  static_assert(std::is_same_v<decltype(Record{}.set("a", 1)), Record&&>);
  static_assert(std::is_same_v<decltype(Record{}.with_id("a")), Record&&>);
}

TEST(Record, SetTakesEveryTypeThatJsonTakes) {
  const auto r = Record{}
                     .set("list", std::vector<int>{1, 2})
                     .set("person", Person{"Ada", 36})
                     .set("none", nullptr)
                     .set("colour", Colour::green);
  EXPECT_EQ(r.fields, json(R"({"list":[1,2],"person":{"name":"Ada","age":36},"none":null,"colour":"green"})"));
}

TEST(Record, SetReplacesNullOnTheWayButNothingThatHoldsAValue) {
  EXPECT_EQ(Record(json(R"({"a":null})")).set("a.b", 1).fields, json(R"({"a":{"b":1}})"));
  for (const char* text : {R"({"a":1})", R"({"a":[]})", R"({"a":"x"})"}) {
    Record r(json(text));
    EXPECT_FAILURE(errc::invalid_argument, "a.b", r.set("a.b", 1));
    EXPECT_EQ(r.fields, json(text)) << "a refused set changes nothing";
  }
  Record r;
  EXPECT_FAILURE(errc::invalid_query, "path", r.set("a..b", 1));
}

TEST(Record, FindWalksObjects) {
  const auto r = record(R"({"a":{"b":{"c":1}},"x.y":2,"n":null,"l":[{"b":1}]})");
  ASSERT_NE(r.find("a.b.c"), nullptr);
  EXPECT_EQ(*r.find("a.b.c"), 1);
  EXPECT_EQ(*r.find("a.b"), json(R"({"c":1})"));
  EXPECT_EQ(*r.find(R"(x\.y)"), 2);
  ASSERT_NE(r.find("n"), nullptr) << "null is there";
  EXPECT_TRUE(r.find("n")->is_null());
  for (const char* path : {"b", "a.x", "a.b.c.d", "x.y", "l.b", R"(a\.b)", "n.a"})
    EXPECT_EQ(r.find(path), nullptr) << path;
  for (const char* path : {"", "a.", ".a", "a..b", "a\\"}) EXPECT_FAILURE(errc::invalid_query, "path", r.find(path));
}

TEST(Record, GetGivesTheType) {
  const auto r = record(
      R"({"s":"x","i":36,"d":1.5,"whole":2.0,"b":true,"l":[1,2],"p":{"name":"Ada","age":36},"n":null,"big":9223372036854775807})");
  EXPECT_EQ(r.get<std::string>("s"), "x");
  EXPECT_EQ(r.get<int>("i"), 36);
  EXPECT_EQ(r.get<double>("i"), 36.0);
  EXPECT_EQ(r.get<double>("d"), 1.5);
  EXPECT_EQ(r.get<int>("whole"), 2) << "a store may give the integer 2 back as 2.0";
  EXPECT_EQ(r.get<bool>("b"), true);
  EXPECT_EQ(r.get<std::vector<int>>("l"), (std::vector<int>{1, 2}));
  EXPECT_EQ(r.get<Person>("p").name, "Ada");
  EXPECT_EQ(r.get<Json>("l"), json("[1,2]"));
  EXPECT_EQ(r.get<std::int64_t>("big"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(r.get<std::optional<int>>("i"), 36);
  EXPECT_EQ(r.get<std::optional<int>>("n"), std::nullopt);
  EXPECT_EQ(r.get<std::optional<int>>("nowhere"), std::nullopt);
}

TEST(Record, GetRefusesWhatDoesNotFitAndNamesThePath) {
  const auto r = record(R"({"a":{"s":"secret","i":300,"d":1.5,"b":true,"n":null,"neg":-1,"huge":1e300}})");
  EXPECT_FAILURE(errc::invalid_argument, "a.nowhere", r.get<int>("a.nowhere"));
  EXPECT_FAILURE(errc::invalid_argument, "a.s", r.get<int>("a.s"));
  EXPECT_FAILURE(errc::invalid_argument, "a.i", r.get<std::string>("a.i"));
  EXPECT_FAILURE(errc::invalid_argument, "a.i", r.get<std::uint8_t>("a.i"));
  EXPECT_FAILURE(errc::invalid_argument, "a.d", r.get<int>("a.d"));
  EXPECT_FAILURE(errc::invalid_argument, "a.b", r.get<int>("a.b"));
  EXPECT_FAILURE(errc::invalid_argument, "a.i", r.get<bool>("a.i"));
  EXPECT_FAILURE(errc::invalid_argument, "a.neg", r.get<unsigned>("a.neg"));
  EXPECT_FAILURE(errc::invalid_argument, "a.huge", r.get<std::int64_t>("a.huge"));
  EXPECT_FAILURE(errc::invalid_argument, "a.n", r.get<double>("a.n"));
  EXPECT_FAILURE(errc::invalid_argument, "a.s", r.get<std::optional<int>>("a.s"));
  EXPECT_FAILURE(errc::invalid_argument, "a.s", r.get<Person>("a.s"));
  const auto error = error_of([&] { return r.get<int>("a.s"); });
  EXPECT_EQ(std::string(error->what()).find("secret"), std::string::npos) << "an error never shows the data";
}

TEST(Record, GoesIntoAStructAndBack) {
  const auto r = Record::from(Person{"Ada", 36}).with_id("ada");
  EXPECT_EQ(r.fields, json(R"({"name":"Ada","age":36})"));
  const auto back = r.to<Person>();
  EXPECT_EQ(back.name, "Ada");
  EXPECT_EQ(back.age, 36);
  EXPECT_FAILURE(errc::invalid_argument, "age", record(R"({"name":"Ada"})").to<Person>());
  EXPECT_FAILURE(errc::invalid_argument, "string", record(R"({"name":1,"age":2})").to<Person>());
  EXPECT_FAILURE(errc::invalid_argument, "object", Record::from(std::vector<int>{1}));
}

}  // namespace
}  // namespace weir::core::test
