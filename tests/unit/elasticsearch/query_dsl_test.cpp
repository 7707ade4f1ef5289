// Filters and orders in the query DSL: by table, and random ones against the reference on a small index.
#include "backends/elasticsearch/query_dsl.hpp"

#include "backends/elasticsearch/patterns.hpp"
#include "unit/elasticsearch/small_index.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace weir::elasticsearch {
namespace {

// An index of ours that knows these.
Mapping known() {
  Mapping mapping;
  mapping.add({{{"name"}, FieldKind::keyword},
               {{"age"}, FieldKind::number},
               {{"done"}, FieldKind::boolean},
               {{"a", "b"}, FieldKind::number}});
  return mapping;
}

std::string compiled(const Filter& filter) {
  return compile_filter(known(), filter).at("bool").at("filter").at(0).dump();
}
std::string compiled(const char* text) { return compiled(Filter::parse(text)); }

TEST(QueryDsl, ByTable) {
  const std::string none = R"({"match_none":{}})";
  const std::vector<std::pair<const char*, std::string>> table{
      {R"(name = "x")", R"({"term":{"fields.name":{"value":"x"}}})"},
      {R"(name = 5)", none},
      {R"(age = "5")", none},
      {R"(nowhere = 5)", none},
      {R"(a = 5)", none},
      {R"(age >= 30)", R"({"range":{"fields.age":{"gte":30}}})"},
      {R"(age between 1 and 2.5)", R"({"range":{"fields.age":{"gte":1,"lte":2.5}}})"},
      {R"(a.b < -0.0)", R"({"range":{"fields.a.b":{"lt":0.0}}})"},
      {R"(exists(a))", R"({"exists":{"field":"fields.a"}})"},
      {R"(name in ("a", "b", 1))", R"({"terms":{"fields.name":["a","b"]}})"},
      {R"(name starts_with "a*")", R"({"prefix":{"fields.name":{"value":"a*"}}})"},
      {R"(name contains "a*?\\")", R"({"wildcard":{"fields.name":{"value":"*a\\*\\?\\\\*"}}})"},
      {R"(name like "a_%")", R"({"wildcard":{"fields.name":{"value":"a?*"}}})"},
      {R"(name like "")", R"({"term":{"fields.name":{"value":""}}})"},
      {R"(name like "%")", R"({"exists":{"field":"fields.name"}})"},
      {R"(name ilike "Ab")", R"({"wildcard":{"fields.name":{"case_insensitive":true,"value":"ab"}}})"},
      {R"x(name regex "a+(b|c)")x", R"x({"regexp":{"fields.name":{"flags":"NONE","value":"a{1,}(b|c)"}}})x"},
      {R"(done > false)", R"({"terms":{"fields.done":[true]}})"},
      {R"(done = "x")", none},
      {R"(id = "k")", R"({"term":{"id":{"value":"k"}}})"},
      {R"(name match "two words")", R"({"match":{"fields.name.t":{"query":"two words"}}})"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(compiled(text), Json::parse(expected).dump()) << text;
}

TEST(QueryDsl, NegationsAreTheComplement) {
  EXPECT_EQ(compiled(R"(name != "x")"), R"({"bool":{"must_not":[{"term":{"fields.name":{"value":"x"}}}]}})");
  EXPECT_EQ(compiled("name = null"), R"({"bool":{"must_not":[{"exists":{"field":"fields.name"}}]}})");
  EXPECT_EQ(compiled("nowhere = null"), R"({"bool":{"must_not":[{"match_none":{}}]}})");
}

TEST(QueryDsl, LargeNumbersAreAskedInParts) {
  const auto query = compiled("age >= 9007199254740993");
  EXPECT_NE(query.find(R"("fields.age.l":{"gte":9007199254740993,"lte":9223372036854775807})"), std::string::npos)
      << query;
  EXPECT_NE(query.find("minimum_should_match"), std::string::npos);
}

TEST(QueryDsl, ForeignIndexes) {
  const auto mapping = Mapping::parse(Json::parse(R"({"people": {"mappings": {"properties": {
      "title": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 256}}},
      "body": {"type": "text"}, "n": {"type": "integer"}, "when": {"type": "date"},
      "lower": {"type": "keyword", "normalizer": "lowercase"}, "o": {"properties": {"x": {"type": "float"}}}}}}})"));
  EXPECT_FALSE(mapping.ours());
  const auto one = [&](const char* text) {
    return compile_filter(mapping, Filter::parse(text)).at("bool").at("filter").at(0).dump();
  };
  EXPECT_EQ(one(R"(title = "x")"), R"({"term":{"title.raw":{"value":"x"}}})");
  EXPECT_EQ(one("exists(title)"), R"({"exists":{"field":"title"}})");
  EXPECT_EQ(one("n < 5.5"), R"({"range":{"n":{"gte":-9223372036854775808,"lte":5}}})");
  EXPECT_EQ(one("n = 5.5"), R"({"match_none":{}})");
  EXPECT_EQ(one("o.x > 1"), R"({"range":{"o.x":{"gt":1}}})");
  EXPECT_EQ(one(R"(id in ("a", "b"))"), R"({"ids":{"values":["a","b"]}})");
  for (const char* text : {R"(body = "x")", R"(when > "2020")", R"(lower = "x")", R"(id starts_with "a")"})
    EXPECT_THROW(one(text), Error) << text;
  EXPECT_EQ(compile_sort(mapping, Query{}.order_by("title", Order::desc), true).dump(),
            R"([{"title.raw":{"missing":"_last","mode":"max","order":"desc"}},{"_id":{"order":"asc"}}])");
  EXPECT_THROW(compile_sort(mapping, Query{}, false), Error);
}

TEST(QueryDsl, Orders) {
  EXPECT_EQ(compile_sort(known(), Query{}, false).dump(), R"([{"id":{"order":"asc"}}])");
  EXPECT_EQ(
      compile_sort(known(), Query{}.order_by("age").order_by("nowhere").order_by(id(), Order::desc).order_by("name"),
                   false)
          .dump(),
      R"([{"fields.age":{"missing":"_last","mode":"min","order":"asc"}},)"
      R"({"order.min.age":{"missing":"_last","mode":"min","order":"asc"}},{"id":{"order":"desc"}}])");
}

TEST(QueryDsl, PatternsOfRegexes) {
  EXPECT_EQ(regexp_of(Regex::parse(R"(a\.b"c[^x-z\-]?(de|f){2})")), R"(a\.b\"c[^x-z\-]{0,1}(de|f){2,2})");
}

// --- random filters on random records, against the reference
// -----------------------------------------------------------------

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  Json number() {
    static const std::vector<Json> corners{0,
                                           -0.0,
                                           1,
                                           -1,
                                           2.5,
                                           9007199254740991,
                                           9007199254740992,
                                           9007199254740993,
                                           -9007199254740993,
                                           9007199254740992.0,
                                           INT64_MAX,
                                           INT64_MAX - 1,
                                           INT64_MIN,
                                           INT64_MIN + 1,
                                           9223372036854774784.0,
                                           1.8446744073709552e19,
                                           -1e300,
                                           1e300,
                                           -9223372036854775808.0,
                                           -9223372036854777856.0,
                                           0.1,
                                           1e-300};
    return pick(4) == 0 ? Json(static_cast<int>(pick(5)) - 2) : corners[pick(corners.size())];
  }
  Json text() {
    std::string out;
    for (std::size_t i = pick(4); i-- > 0;) out += std::string_view("abAB*?\\\n\".(x")[pick(12)];
    return out;
  }
  Json value(std::size_t type) {
    if (type == 0) return number();
    if (type == 1) return text();
    return pick(2) == 0;
  }
  // One type for each path, as an index has it.
  Record record(std::size_t number_of_it) {
    Record out;
    out.id = "r" + std::to_string(number_of_it);
    put(out.fields, "n", 0);
    put(out.fields, "s", 1);
    put(out.fields, "t", 2);
    Json inner = Json::object();
    put(inner, "n", 0);
    put(inner, "s", 1);
    if (pick(3) != 0) out.fields["o"] = pick(2) == 0 ? Json::array({inner, nullptr, inner}) : inner;
    return out;
  }
  Filter filter(unsigned depth) {
    if (depth > 0 && pick(3) == 0) {
      std::vector<Filter> parts;
      for (std::size_t i = pick(3); i-- > 0;) parts.push_back(filter(depth - 1));
      switch (pick(3)) {
        case 0: return Filter::all_of(parts);
        case 1: return Filter::any_of(parts);
        default: return !filter(depth - 1);
      }
    }
    static const std::vector<std::string> paths{"n", "s", "t", "o.n", "o.s", "o", "nowhere"};
    const auto path = paths[pick(paths.size())];
    const auto operand = [&] {
      return pick(8) == 0 ? value(pick(3)) : value(path.ends_with("n") ? 0 : path == "t" ? 2 : 1);
    };
    static const std::vector<Operator> scalar{Operator::eq, Operator::ne, Operator::lt,
                                              Operator::le, Operator::gt, Operator::ge};
    static const std::vector<Operator> textual{Operator::starts_with, Operator::contains};
    switch (pick(8)) {
      case 0: return Filter(path, pick(2) == 0 ? Operator::exists : Operator::not_exists);
      case 1:
        return Filter(path, pick(2) == 0 ? Operator::in : Operator::not_in,
                      Json::array({operand(), operand(), pick(5) == 0 ? Json() : operand()}));
      case 2:
        return Filter(path, pick(2) == 0 ? Operator::between : Operator::not_between,
                      Json::array({operand(), operand()}));
      case 3: return Filter(path, textual[pick(2)], text());
      case 4: {
        static const std::vector<const char*> likes{"%", "", "a%", "%B", "_", "__", "a_%", "%\\%", "%*%", "\\a"};
        return Filter(path, pick(2) == 0 ? Operator::like : Operator::ilike, likes[pick(likes.size())]);
      }
      case 5: {
        static const std::vector<const char*> regexes{"a*",       ".",   "[ab]+", "[^a]*", "(a|bb)?",
                                                      "a{1,2}.*", "\\*", "\"?a",  "\\.",   "x|\\(."};
        return Filter(path, Operator::regex, regexes[pick(regexes.size())]);
      }
      default: return Filter(path, scalar[pick(scalar.size())], pick(20) == 0 ? Json("r1") : operand());
    }
  }
  std::size_t pick(std::size_t count) { return random_() % count; }

 private:
  void put(Json& fields, const char* key, std::size_t type) {
    switch (pick(4)) {
      case 0: return;
      case 1: fields[key] = Json::array({value(type), value(type), nullptr}); return;
      default: fields[key] = value(type);
    }
  }
  std::mt19937 random_;
};

TEST(QueryDsl, RandomFiltersMeanWhatTheReferenceMeans) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Maker maker(seed);
    Mapping mapping;
    std::vector<Record> records;
    for (std::size_t i = 0; i < 30; ++i) {
      records.push_back(maker.record(i));
      mapping.add(mapping.check(records.back().fields).missing);
    }
    for (int i = 0; i < 100; ++i) {
      const auto filter = maker.filter(3);
      const auto query = compile_filter(mapping, filter);
      for (const auto& record : records)
        ASSERT_EQ(test::SmallIndex::matches(record, query), filter.compare(record)) << filter.to_string() << "\n"
                                                                                    << record.fields.dump() << "\n"
                                                                                    << query.dump();
    }
  }
}

}  // namespace
}  // namespace weir::elasticsearch
