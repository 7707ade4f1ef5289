// One test per rule of the query language, the rule in its name or above it.
#include "support.hpp"

#include <limits>

namespace weir::core::test {
namespace {

// "A comparison is true when some value at the path satisfies it; with no value it is false."
TEST(Filter, IsTrueWhenSomeValueAtThePathSatisfiesIt) {
  check({{R"({"a":5})", "a = 5", true},
         {R"({"a":5})", "a = 6", false},
         {R"({"a":[1,5]})", "a = 5", true},
         {R"({"a":[[1],[[5]]]})", "a > 4", true},
         {R"({"a":[{"b":1},{"b":9}]})", "a.b >= 9", true},
         {R"({"a":[{"b":1},{"b":9}]})", "a.b > 9", false},
         {R"({"a":{"b":5}})", "a = 5", false},
         {"{}", "a = 5", false},
         {"{}", "a < 5", false},
         {R"({"a":null})", "a <= 5", false},
         {R"({"a":[]})", "a like \"%\"", false},
         {R"({"a":[null]})", "a in (1, \"x\")", false},
         {R"({"a":{"b":null}})", "a between 1 and 5", false}});
}

// "`ne`, `not_in`, `not_between`, `not_like` and `!` are the exact complement, so they are true for records without the
// field."
TEST(Filter, NegativeOperatorsAreTheExactComplement) {
  for (const char* fields : {"{}", R"({"a":null})", R"({"a":5})", R"({"a":[5,6]})", R"({"a":"x"})", R"({"a":["x",5]})",
                             R"({"a":true})", R"({"a":{"b":1}})"}) {
    const Record r = record(fields);
    const auto expect_complement = [&](const Filter& positive, const Filter& negative) {
      EXPECT_NE(positive.compare(r), negative.compare(r)) << fields << " " << negative.to_string();
      EXPECT_NE(positive.compare(r), (!positive).compare(r)) << fields << " " << positive.to_string();
    };
    for (const Json& operand : {Json(5), Json("x"), Json(true), Json(nullptr)})
      expect_complement(Filter("a", Operator::eq, operand), Filter("a", Operator::ne, operand));
    for (const Json& list : {json("[]"), json("[5]"), json("[null]"), json("[5,null,\"x\"]")})
      expect_complement(Filter("a", Operator::in, list), Filter("a", Operator::not_in, list));
    expect_complement(Filter("a", Operator::between, json("[1,5]")), Filter("a", Operator::not_between, json("[1,5]")));
    expect_complement(Filter("a", Operator::like, "x%"), Filter("a", Operator::not_like, "x%"));
    expect_complement(Filter("a", Operator::exists), Filter("a", Operator::not_exists));
  }
  check({{"{}", "a != 5", true},
         {R"({"a":[5,6]})", "a != 5", false},
         {R"({"a":"5"})", "a != 5", true},
         {"{}", "a not in (1)", true},
         {"{}", "a not_between 1 and 2", true},
         {"{}", "a not like \"%\"", true},
         {"{}", "not a = 5", true}});
}

// "There is no third truth value; SQL's NULL must not leak."
TEST(Filter, HasNoThirdTruthValue) {
  check({{"{}", "not (a < 5)", true},
         {"{}", "not (a < 5) and not (a >= 5)", true},
         {"{}", "a < 5 or not (a < 5)", true},
         {"{}", "not (not (a = 1))", false},
         {R"({"a":null})", "not (a in (1, 2) and b = 3)", true}});
}

// "Types do not mix: … A comparison across types is false."
TEST(Filter, TypesDoNotMix) {
  check({{R"({"a":5})", "a = \"5\"", false},
         {R"({"a":"5"})", "a = 5", false},
         {R"({"a":true})", "a = 1", false},
         {R"({"a":1})", "a = true", false},
         {R"({"a":"true"})", "a = true", false},
         {R"({"a":5})", "a < \"9\"", false},
         {R"({"a":"5"})", "a < 9", false},
         {R"({"a":false})", "a < 1", false},
         {R"({"a":5})", "a like \"5\"", false},
         {R"({"a":true})", "a like \"true\"", false},
         {R"({"a":5})", "a >= \"\"", false},
         {R"({"a":"x"})", "a >= false", false},
         {R"({"a":5})", "a regex \"5\"", false},
         {R"({"a":5})", "a contains \"\"", false},
         {R"({"a":5})", "a starts_with \"\"", false},
         {R"({"a":5})", "a in (\"5\", true)", false}});
}

// "numbers compare with numbers (integers and doubles by numeric value, exactly: 2^53+1 and 2^53 differ)"
TEST(Filter, NumbersCompareByTheirExactValue) {
  check({{R"({"a":1})", "a = 1.0", true},
         {R"({"a":1.0})", "a = 1", true},
         {R"({"a":0.1})", "a = 0.1", true},
         {R"({"a":9007199254740993})", "a = 9007199254740992", false},
         {R"({"a":9007199254740993})", "a = 9007199254740992.0", false},
         {R"({"a":9007199254740993})", "a > 9007199254740992.0", true},
         {R"({"a":9007199254740992.0})", "a < 9007199254740993", true},
         {R"({"a":9007199254740992.0})", "a = 9007199254740992", true},
         {R"({"a":9223372036854775807})", "a = 9223372036854775807", true},
         {R"({"a":9223372036854775807})", "a < 9223372036854775808.0", true},
         {R"({"a":9223372036854775807})", "a = 9223372036854775808.0", false},
         {R"({"a":9223372036854775808.0})", "a > 9223372036854775807", true},
         {R"({"a":-9223372036854775808})", "a = -9223372036854775808.0", true},
         {R"({"a":-9223372036854775808})", "a > -9223372036854777856.0", true},
         {R"({"a":1e19})", "a = 1e19", true},
         {R"({"a":1e19})", "a > 9223372036854775807", true},
         {R"({"a":-1e19})", "a < -9223372036854775807", true},
         {R"({"a":-0.0})", "a = 0", true},
         {R"({"a":0})", "a = -0.0", true},
         {R"({"a":-0.0})", "a < 0.0", false},
         {R"({"a":1e308})", "a > 1e307", true},
         {R"({"a":5e-324})", "a > 0", true},
         {R"({"a":-5e-324})", "a < 0", true},
         {R"({"a":2.5})", "a > 2", true},
         {R"({"a":-2.5})", "a < -2", true},
         {R"({"a":-2.5})", "a > -3", true},
         {R"({"a":3})", "a > 2.9999999999999996", true}});
  // A program can hold what no store takes.
  Record large;
  large.fields["a"] = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE((field("a") > std::numeric_limits<std::int64_t>::max()).compare(large));
  EXPECT_TRUE((field("a") < 18446744073709551616.0).compare(large));
  EXPECT_FALSE((field("a") == 18446744073709551616.0).compare(large));
}

// "strings with strings by code point"
TEST(Filter, StringsCompareByCodePoint) {
  check({{R"({"a":"b"})", "a > \"B\"", true},
         {R"({"a":"é"})", "a > \"z\"", true},
         {R"({"a":"\uFFFD"})", "a < \"🙂\"", true},  // UTF-16 would say otherwise
         {R"({"a":""})", "a < \"a\"", true},
         {R"({"a":"ab"})", "a > \"a\"", true},
         {R"({"a":"é"})", "a = \"e\u0301\"", false},
         {R"({"a":"a "})", "a = \"a\"", false}});
}

// "booleans with booleans (false < true)"
TEST(Filter, FalseIsLessThanTrue) {
  check({{R"({"a":false})", "a < true", true},
         {R"({"a":true})", "a > false", true},
         {R"({"a":true})", "a <= true", true},
         {R"({"a":true})", "a < true", false},
         {R"({"a":false})", "a between false and true", true}});
}

// "null only in `eq`, `ne` and inside `in`/`not_in` lists, where it means `not_exists`"
TEST(Filter, NullMeansNotExists) {
  for (const char* fields : {"{}", R"({"a":null})", R"({"a":[]})", R"({"a":{}})", R"({"a":1})", R"({"a":{"b":1}})",
                             R"({"a":[null]})", R"({"a":["x"]})"}) {
    const bool missing = matches(fields, "not exists(a)");
    check({{fields, "a = null", missing},
           {fields, "a != null", !missing},
           {fields, "a in (null)", missing},
           {fields, "a not in (null)", !missing}});
  }
  check({{"{}", "a in (1, null)", true},
         {R"({"a":1})", "a in (1, null)", true},
         {R"({"a":2})", "a in (1, null)", false},
         {R"({"a":{"b":2}})", "a in (1, null)", false},  // something exists below
         {"{}", "a not in (1, null)", false}});
  check_refused({"a < null", "a <= null", "a > null", "a >= null", "a between null and 1", "a between 1 and null",
                 "a like null", "a regex null", "a starts_with null", "a contains null", "a ilike null",
                 "a not like null", "a match null"});
}

// "Operands are scalars. … an object or array operand is `invalid_query`."
TEST(Filter, OperandsAreScalars) {
  for (const Operator op :
       {Operator::eq, Operator::ne, Operator::lt, Operator::le, Operator::gt, Operator::ge, Operator::like,
        Operator::regex, Operator::starts_with, Operator::contains, Operator::match}) {
    EXPECT_FAILURE(errc::invalid_query, to_string(op), Filter("a", op, Json::array()));
    EXPECT_FAILURE(errc::invalid_query, to_string(op), Filter("a", op, Json::object()));
  }
  for (const char* list : {"[[1]]", "[{}]", "1", "\"x\"", "{}", "null"}) {
    EXPECT_FAILURE(errc::invalid_query, "in", Filter("a", Operator::in, json(list)));
    EXPECT_FAILURE(errc::invalid_query, "not_in", Filter("a", Operator::not_in, json(list)));
  }
  for (const char* ends : {"[]", "[1]", "[1,2,3]", "[1,[]]", "5", "null"})
    EXPECT_FAILURE(errc::invalid_query, "between", Filter("a", Operator::between, json(ends)));
  EXPECT_FAILURE(errc::invalid_query, "exists", Filter("a", Operator::exists, 1));
  EXPECT_FAILURE(errc::invalid_query, "not_exists", Filter("a", Operator::not_exists, false));
}

// "Pattern operators take strings."
TEST(Filter, PatternOperatorsTakeStrings) {
  for (const Operator op : {Operator::like, Operator::not_like, Operator::ilike, Operator::starts_with,
                            Operator::contains, Operator::regex, Operator::match})
    for (const Json& operand : {Json(1), Json(true), Json(1.5), Json()})
      EXPECT_FAILURE(errc::invalid_query, "\"a\" ", Filter("a", op, operand));
}

// What no store can hold is no operand either, and the error names path and operator but not the value.
TEST(Filter, OperandsThatCannotBeStoredAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FAILURE(errc::invalid_query, "\"x.y\" ge", Filter("x.y", Operator::ge, nan));
  EXPECT_FAILURE(errc::invalid_query, "\"a\" eq", Filter("a", Operator::eq, infinity));
  EXPECT_FAILURE(errc::invalid_query, "\"a\" in", field("a").in(1.0, -infinity));
  EXPECT_FAILURE(errc::invalid_query, "2^63", Filter("a", Operator::eq, std::uint64_t{1} << 63U));
  EXPECT_FAILURE(errc::invalid_query, "UTF-8", Filter("a", Operator::eq, "secret\xFF"));
  EXPECT_FAILURE(errc::invalid_query, "U+0000", Filter("a", Operator::eq, std::string("secret\0", 7)));
  const auto error = error_of([] { return Filter("a", Operator::eq, "secret\xFF"); });
  EXPECT_EQ(std::string(error->what()).find("secret"), std::string::npos);
  EXPECT_TRUE((field("a") == (std::uint64_t{1} << 63U) - 1).compare(record(R"({"a":9223372036854775807})")));
}

// "`between`: one value within both ends, ends included; ends of different types: false."
TEST(Filter, BetweenIsOneValueWithinBothEnds) {
  check({{R"({"a":1})", "a between 1 and 5", true},
         {R"({"a":5})", "a between 1 and 5", true},
         {R"({"a":0.999})", "a between 1 and 5", false},
         {R"({"a":[0,9]})", "a between 1 and 5", false},  // not one and the other
         {R"({"a":[0,3,9]})", "a between 1 and 5", true},
         {R"({"a":3})", "a between 5 and 1", false},
         {R"({"a":"m"})", "a between \"a\" and \"z\"", true},
         {R"({"a":3})", "a between 1 and \"z\"", false},
         {R"({"a":"m"})", "a between 1 and \"z\"", false},
         {R"({"a":"3"})", "a between 1 and 5", false}});
}

// "`in` of an empty list is false."
TEST(Filter, InOfAnEmptyListIsFalse) {
  check({{R"({"a":1})", "a in ()", false},
         {"{}", "a in ()", false},
         {"{}", "a not in ()", true},
         {R"({"a":1})", "a not in ()", true}});
}

TEST(Filter, InFindsEveryTypeOfItsList) {
  const std::string_view filter = R"(a in (3, "x", 1.5, true, "ü", -7, 3, 9007199254740993, "x"))";
  check({{R"({"a":3.0})", filter, true},
         {R"({"a":"x"})", filter, true},
         {R"({"a":1.5})", filter, true},
         {R"({"a":true})", filter, true},
         {R"({"a":"ü"})", filter, true},
         {R"({"a":-7})", filter, true},
         {R"({"a":9007199254740992})", filter, false},
         {R"({"a":false})", filter, false},
         {R"({"a":"3"})", filter, false},
         {R"({"a":[0,"y",-7]})", filter, true},
         {R"({"a":""})", filter, false}});
}

// "`starts_with`, `contains` (substring) take the text literally."
TEST(Filter, StartsWithAndContainsTakeTheTextLiterally) {
  check({{R"({"a":"100%_x"})", "a starts_with \"100%\"", true},
         {R"({"a":"100x"})", "a starts_with \"100%\"", false},
         {R"({"a":"a.c"})", "a contains \".\"", true},
         {R"({"a":"abc"})", "a contains \".\"", false},
         {R"({"a":"a\\b"})", R"(a contains "\\")", true},
         {R"({"a":"abc"})", "a contains \"\"", true},
         {R"({"a":""})", "a contains \"\"", true},
         {R"({"a":""})", "a starts_with \"\"", true},
         {R"({"a":"abc"})", "a starts_with \"abcd\"", false},
         {R"({"a":"Abc"})", "a starts_with \"a\"", false},
         {R"({"a":["x","yz"]})", "a contains \"z\"", true}});
}

// "`match` is full text, where `capabilities().full_text`."
TEST(Filter, MatchIsNotAnsweredByTheEvaluator) {
  const Filter filter = field("a").match("quick fox");
  EXPECT_TRUE(filter.node().full_text);
  EXPECT_FAILURE(errc::unsupported, "full text", filter.compare(record(R"({"a":"quick fox"})")));
  // Also where the rest of the filter would have decided.
  EXPECT_FAILURE(errc::unsupported, "full text", (field("b") == 1 && filter).compare(record("{}")));
}

// "`Field id()` compares the record's id."
TEST(Filter, IdComparesTheRecordsId) {
  const Record r = record(R"({"id":"other"})", "k1");
  EXPECT_TRUE((id() == "k1").compare(r));
  EXPECT_FALSE((id() == "other").compare(r));
  EXPECT_TRUE((field("id") == "other").compare(r));
  EXPECT_TRUE((id() != "k2").compare(r));
  EXPECT_TRUE(id().in("a", "k1", 5).compare(r));
  EXPECT_FALSE(id().in(1, true).compare(r));
  EXPECT_TRUE(id().not_in("a").compare(r));
  EXPECT_TRUE(id().between("k0", "k2").compare(r));
  EXPECT_FALSE(id().between(1, "k2").compare(r));
  EXPECT_TRUE(id().like("k_").compare(r));
  EXPECT_TRUE(id().ilike("K%").compare(r));
  EXPECT_TRUE(id().starts_with("k").compare(r));
  EXPECT_TRUE(id().contains("1").compare(r));
  EXPECT_TRUE(id().regex("k[0-9]").compare(r));
  EXPECT_TRUE((id() >= "k1").compare(r));
  EXPECT_FALSE((id() > "k1").compare(r));
  EXPECT_FALSE((id() == 1).compare(r));
  EXPECT_TRUE(id().exists().compare(r));
  EXPECT_FALSE((id() == nullptr).compare(r));
  EXPECT_FALSE(id().in(nullptr, "x").compare(r));
}

// "empty `and` is true, empty `or` false"
TEST(Filter, EmptyConjunctionIsTrueAndEmptyDisjunctionFalse) {
  EXPECT_TRUE(Filter::all_of({}).compare(Record{}));
  EXPECT_FALSE(Filter::any_of({}).compare(Record{}));
  EXPECT_TRUE(Filter{}.compare(Record{}));
  EXPECT_FALSE((!Filter{}).compare(Record{}));
}

}  // namespace
}  // namespace weir::core::test
