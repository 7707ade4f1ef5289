// Data: what goes in comes out, and what cannot is refused, alike on every store.

#include "conformance/suite.hpp"
#include "support/reference.hpp"

#include <cmath>
#include <limits>

namespace weir::conformance {

WEIR_RULES(Data);

namespace {

// What is stored of a value when it is written under "v" and read again.
awaitable<Json> round_trip(AsyncDatabase db, Json value) {
  Record one;
  one.fields["v"] = std::move(value);
  const auto id = co_await db.create(std::move(one));
  const auto read = co_await db.read(id);
  const auto query = Query(weir::id() == id);
  const auto searched = co_await db.search(query);
  co_await db.remove(id);
  if (!read) throw std::runtime_error("a record that was created is not there");
  if (searched.size() != 1) throw std::runtime_error("a record that was created is not found");
  EXPECT_TRUE(same_record(*read, searched.front())) << "read and search differ";
  co_return read->fields.at("v");
}

awaitable<void> expect_kept(AsyncDatabase db, Json value) {
  const auto got = co_await round_trip(db, value);
  EXPECT_TRUE(test::same_value(value, got)) << "stored " << value.dump() << ", got " << got.dump();
}

awaitable<void> expect_refused(AsyncDatabase db, Record refused) {
  const auto before = co_await db.count();
  EXPECT_FAILS(db.create(refused), invalid_argument);
  EXPECT_FAILS(db.upsert(refused), invalid_argument);
  EXPECT_FAILS(db.create_batch(std::vector<Record>{refused}), invalid_argument);
  const auto after = co_await db.count();
  EXPECT_EQ(before, after) << "something of a refused record was stored";
}

Record with_value(Json value) {
  Record one;
  one.id = "refused";
  one.fields["v"] = std::move(value);
  return one;
}

}  // namespace

WEIR_RULE(Data, integers_are_exact, "Integers from -2^63 to 2^63-1 are exact") {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  constexpr auto min = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t two53 = std::int64_t{1} << 53;
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, two53 - 1, two53, two53 + 1,
                               -two53 - 1, max, max - 1, min, min + 1}) {
    const auto got = co_await round_trip(db, n);
    EXPECT_TRUE(test::same_value(Json(n), got)) << n << " came back as " << got.dump();
  }
}

WEIR_RULE(Data, integers_outside_are_refused,
          "Integers: one outside of -2^63 to 2^63-1 is refused with invalid_argument on every backend") {
  co_await expect_refused(db, with_value(std::uint64_t{1} << 63));
  co_await expect_refused(db, with_value(std::numeric_limits<std::uint64_t>::max()));
  Record inside;
  inside.id = "refused";
  inside.fields = Json::parse(R"({"a": [{"b": 18446744073709551615}]})");
  co_await expect_refused(db, inside);
}

WEIR_RULE(Data, doubles_are_exact, "Doubles are exact (IEEE); 1.0 may come back as 1, never as another value") {
  for (const double d : {0.1, 0.30000000000000004, 1.0, 1.5, -2.5, 1e-7, 5e-324, 2.2250738585072014e-308, 1e300, -1e300,
                         1.7976931348623157e308, 123456789.123456789, 9007199254740992.0, 1152921504606846976.0})
    co_await expect_kept(db, d);
}

WEIR_RULE(Data, large_doubles_may_come_back_as_integers,
          "1e19 may come back as an integer literal, never as another value") {
  for (const double d : {1e19, -1e19, 1e22, 18446744073709551616.0}) co_await expect_kept(db, d);
  // The double 2^63 alone may be refused by a store with a mapping.
  if (!test.licences().one_type_per_path) co_await expect_kept(db, 9223372036854775808.0);
}

WEIR_RULE(Data, minus_zero_is_zero, "-0.0 may come back as 0.0, and is found as 0") {
  co_await expect_kept(db, -0.0);
  co_await store(db, record("a", R"({"v": -0.0})"), record("b", R"({"v": 0})"), record("c", R"({"v": 0.0})"));
  EXPECT_EQ(co_await found(db, "v = 0"), "a b c");
  EXPECT_EQ(co_await found(db, "v = -0.0"), "a b c");
  EXPECT_EQ(co_await found(db, "v < 0"), "");
  EXPECT_EQ(co_await found(db, "v >= 0.0"), "a b c");
}

WEIR_RULE(Data, nan_and_infinity_are_refused, "NaN and infinities are refused everywhere") {
  for (const double d :
       {std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    co_await expect_refused(db, with_value(d));
    auto nested = Json::array();
    nested.push_back(d);
    co_await expect_refused(db, with_value(nested));
  }
}

WEIR_RULE(Data, nul_is_refused, "U+0000 in ids, keys and strings is refused everywhere") {
  const std::string nul("a\0b", 3);
  co_await expect_refused(db, with_value(nul));
  Json object = Json::object();
  object[nul] = 1;
  co_await expect_refused(db, with_value(object));
  co_await expect_refused(db, Record{}.with_id(nul));
  EXPECT_FAILS(db.read(nul), invalid_argument);
  EXPECT_FAILS(db.remove(nul), invalid_argument);
}

WEIR_RULE(Data, invalid_utf8_is_refused, "fields is a JSON object, UTF-8") {
  for (const std::string bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80"}) {
    co_await expect_refused(db, with_value(bad));
    Json object = Json::object();
    object[bad] = 1;
    co_await expect_refused(db, with_value(object));
    co_await expect_refused(db, Record{}.with_id(bad));
  }
}

WEIR_RULE(Data, fields_is_an_object, "fields is a JSON object") {
  for (const auto* text : {"[]", "1", "null", "\"x\"", "true"}) {
    Record bad;
    bad.id = "refused";
    bad.fields = Json::parse(text);
    co_await expect_refused(db, bad);
  }
  EXPECT_TRUE(test::fails_with(test::outcome_now([] { Record made(Json::array()); }), errc::invalid_argument));
}

WEIR_RULE(Data, strings_are_exact, "Otherwise a round trip gives back an equal JSON value: strings") {
  std::string long_text;
  for (int i = 0; i < 2000; ++i) long_text += "é😀x";
  for (const std::string text : {"",
                                 " ",
                                 "é",
                                 "e\u0301",
                                 "😀",
                                 "👩‍👩‍👧",
                                 "日本語",
                                 "'",
                                 "\"",
                                 "\\",
                                 "%",
                                 "_",
                                 "*",
                                 "\n\r\t",
                                 "\x01\x1f\x7f",
                                 "'; drop table records; --",
                                 "null",
                                 "1",
                                 "true",
                                 "{}",
                                 "\u2028\u2029",
                                 "\uFFFF",
                                 "\uFEFFx"})
    co_await expect_kept(db, text);
  co_await expect_kept(db, long_text);
}

WEIR_RULE(Data, keys_are_exact, "Otherwise a round trip gives back an equal JSON value: keys") {
  if (test.licences().one_type_per_path) test.skip("a store with a mapping refuses some keys");
  Json fields = Json::object();
  for (const std::string key :
       {"",   " ",  "a.b", "*",   "\"",      "'",      "\\",       "$",  "$.x", "[0]", "0",   "é",
        "😀", "\n", "id",  "_id", "version", "fields", "metadata", "ID", "%",   "#",   "null"})
    fields[key] = key + "!";
  co_await expect_kept(db, fields);
  Record one;
  one.id = "keys";
  one.fields = fields;
  co_await db.create(one);
  const auto read = co_await db.read("keys");
  if (!read) co_return ADD_FAILURE() << "not stored";
  EXPECT_TRUE(same_record(one, *read));
}

WEIR_RULE(Data, structure_is_exact, "Otherwise a round trip gives back an equal JSON value: structure") {
  for (const auto* text :
       {"{}", "[]", "null", "[null]", "{\"b\":null}", "[[],[[]],{}]", "[1,\"a\",true,null,1.5]",
        "{\"a\":{\"b\":{\"c\":[{\"d\":[1,[2,[3]]]}]}}}", "[{\"a\":1},{\"a\":\"x\"},{}]", "true", "false"}) {
    auto value = Json::parse(text);
    if (test.licences().one_type_per_path && (value.is_array() || value.is_object())) continue;
    co_await expect_kept(db, std::move(value));
  }
}

WEIR_RULE(Data, nesting_of_64, "fields is nested to any depth the store takes, at least 64") {
  Json value = 7;
  for (int i = 0; i < 62; ++i) {
    Json outer = Json::object();
    outer["n"] = std::move(value);
    value = std::move(outer);
  }
  co_await expect_kept(db, value);
}

WEIR_RULE(Data, arrays_in_arrays, "at most 8 arrays directly inside one another") {
  Json value = 7;
  for (int i = 0; i < 8; ++i) value = list_of(value);
  co_await expect_kept(db, value);
  Record one;
  one.id = "deep";
  one.fields["v"] = value;
  co_await db.create(one);
  EXPECT_EQ(co_await found(db, "v = 7"), "deep");
  EXPECT_EQ(co_await found(db, "v < 7"), "");
  co_await expect_refused(db, with_value(list_of(value)));
}

WEIR_RULE(Data, an_empty_record, "a record without fields is a record") {
  const auto id = co_await db.create(Record{});
  const auto read = co_await db.read(id);
  if (!read) co_return ADD_FAILURE() << "not stored";
  EXPECT_EQ(read->fields, Json::object());
  EXPECT_EQ(read->metadata, Json::object());
}

WEIR_RULE(Data, metadata_is_kept_and_not_searched, "metadata stands beside the record, never searched") {
  auto one = record("m", R"({"x": 1})");
  one.metadata = Json{{"source", "import 😀"}, {"x", 5}};
  co_await db.create(one);
  const auto read = co_await db.read("m");
  if (!read) co_return ADD_FAILURE() << "not stored";
  EXPECT_TRUE(same_record(one, *read));
  EXPECT_EQ(co_await found(db, "x = 5 or source starts_with \"import\""), "");
  auto bad = record("bad");
  bad.metadata = Json::array();
  co_await expect_refused(db, bad);
}

WEIR_RULE(Data, large_record, "a record of a megabyte is a record") {
  Record one;
  one.id = "large";
  for (int i = 0; i < 1000; ++i)
    one.fields["k" + std::to_string(i)] = std::string(1000, static_cast<char>('a' + i % 26));
  if (test.licences().one_type_per_path) test.skip("a store with a mapping limits the number of paths");
  co_await db.create(one);
  const auto read = co_await db.read("large");
  if (!read) co_return ADD_FAILURE() << "not stored";
  EXPECT_TRUE(same_record(one, *read));
}

WEIR_RULE(
    Data, mapped_store_names_the_path,
    "one JSON type (number, string, boolean) per path and index, a record of another type is refused naming the path") {
  if (!test.licences().one_type_per_path) {
    co_await store(db, record("a", R"({"path_with_two_types": 1})"), record("b", R"({"path_with_two_types": "x"})"));
    EXPECT_EQ(co_await found(db, "path_with_two_types = \"x\""), "b");
    co_return;
  }
  co_await db.create(record("a", R"({"path_with_two_types": 1})"));
  const auto second = record("b", R"({"path_with_two_types": "x"})");
  const auto outcome = co_await outcome_of([&] { return db.create(second); });
  EXPECT_FALSE(outcome.ok());
  EXPECT_NE(outcome.text().find("path_with_two_types"), std::string::npos) << outcome;
}

}  // namespace weir::conformance
