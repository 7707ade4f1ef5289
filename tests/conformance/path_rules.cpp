// Paths and the values at them.

#include "conformance/suite.hpp"

namespace weir::conformance {

WEIR_RULES(Paths);

WEIR_RULE(Paths, walk_nested_objects, "a.b.c walks nested objects") {
  // A store of one type per path takes no number where it has an object.
  const char* const shallow = test.licences().one_type_per_path ? R"({"a": {"b": null}})" : R"({"a": {"b": 1}})";
  co_await store(db, record("hit", R"({"a": {"b": {"c": 1}}})"), record("shallow", shallow),
                 record("flat", R"({"c": 1})"), record("other", R"({"a": {"x": {"c": 1}}})"));
  EXPECT_EQ(co_await found(db, "a.b.c = 1"), "hit");
  EXPECT_EQ(co_await found(db, "not a.b.c = 1"), "flat other shallow");
  EXPECT_EQ(co_await found(db, "exists(a.b.c)"), "hit");
}

WEIR_RULE(Paths, dot_in_a_key, "\\. is a dot inside a key, \\\\ a backslash") {
  if (test.licences().one_type_per_path) test.skip("a store with a mapping refuses such keys");
  co_await store(db, record("dotted", R"({"a.b": 1})"), record("nested", R"({"a": {"b": 1}})"),
                 record("backslash", R"({"a\\": {"b": 1}})"), record("both", R"({"a\\.b": 1})"));
  EXPECT_EQ(co_await found(db, Query(field("a\\.b") == 1)), "dotted");
  EXPECT_EQ(co_await found(db, Query(field("a.b") == 1)), "nested");
  EXPECT_EQ(co_await found(db, Query(field("a\\\\.b") == 1)), "backslash");
  EXPECT_EQ(co_await found(db, Query(field("a\\\\\\.b") == 1)), "both");
}

WEIR_RULE(Paths, malformed, "any other escape, or an empty segment, is invalid_query") {
  for (const std::string path : {"", ".", "a.", ".a", "a..b", "a\\b", "a\\", "\\"}) {
    const auto made = test::outcome_now([&] { Query query(field(path) == 1); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << path;
    const auto ordered = test::outcome_now([&] { Query{}.order_by(path); });
    EXPECT_TRUE(test::fails_with(ordered, errc::invalid_query)) << path;
    const auto selected = test::outcome_now([&] { Query{}.select(path); });
    EXPECT_TRUE(test::fails_with(selected, errc::invalid_query)) << path;
  }
  co_return;
}

WEIR_RULE(Paths, digits_are_keys, "Digits are keys, never indexes") {
  co_await store(db, record("array", R"({"a": ["x", "y"]})"), record("key", R"({"b": {"0": "x"}})"));
  EXPECT_EQ(co_await found(db, "a.0 = \"x\""), "");
  EXPECT_EQ(co_await found(db, "b.0 = \"x\""), "key");
  EXPECT_EQ(co_await found(db, "exists(a.0)"), "");
}

WEIR_RULE(Paths, odd_keys, "a key is any text") {
  if (test.licences().one_type_per_path) test.skip("a store with a mapping refuses some keys");
  std::vector<Record> records;
  const std::vector<std::string> keys{" ", "\"", "'",      "$",  "$.x", "[*]",  "*",      "#",
                                      "?", "@",  "é",      "😀", "\n",  "%",    "--",     "a b c",
                                      "`", "{}", "select", "id", "and", "null", "fields", "\x01"};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Record one;
    one.id = std::to_string(100 + i);
    one.fields[keys[i]] = "v";
    one.fields["inner"][keys[i]] = list_of(1, "w");
    records.push_back(std::move(one));
  }
  co_await store(db, records);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto path = keys[i];
    if (path == "$.x") path = "$\\.x";
    EXPECT_EQ(co_await found(db, Query(field(path) == "v")), std::to_string(100 + i)) << path;
    EXPECT_EQ(co_await found(db, Query(field("inner." + path) == "w")), std::to_string(100 + i)) << path;
    EXPECT_EQ(co_await found(db, Query(field("inner." + path).exists())), std::to_string(100 + i)) << path;
  }
}

WEIR_RULE(Paths, arrays_stand_for_their_elements,
          "An array on the way or at the end, also inside arrays, stands for its elements") {
  co_await store(db, record("end", R"({"a": {"b": [1, 2]}})"), record("way", R"({"a": [{"b": 1}, {"b": 3}]})"),
                 record("both", R"({"a": [{"b": [4, 1]}, {"c": 9}]})"), record("inside", R"({"a": [[{"b": [[1]]}]]})"),
                 record("none", R"({"a": [{"c": 1}]})"));
  EXPECT_EQ(co_await found(db, "a.b = 1"), "both end inside way");
  EXPECT_EQ(co_await found(db, "a.b > 2"), "both way");
  EXPECT_EQ(co_await found(db, "a.b = 9"), "");
  EXPECT_EQ(co_await found(db, "exists(a.b)"), "both end inside way");
  EXPECT_EQ(co_await found(db, "not exists(a.b)"), "none");
}

WEIR_RULE(Paths, no_value, "null, missing, [], [null], {} and {\"b\": null} are all \"no value\"") {
  co_await store(db, record("null", R"({"a": null})"), record("missing", R"({})"), record("empty", R"({"a": []})"),
                 record("nulls", R"({"a": [null]})"), record("object", R"({"a": {}})"),
                 record("below", R"({"a": {"b": null}})"), record("mixed", R"({"a": [null, [], {}, [[null]]]})"),
                 record("value", R"({"a": 0})"));
  EXPECT_EQ(co_await found(db, "exists(a)"), "value");
  EXPECT_EQ(co_await found(db, "not exists(a)"), "below empty missing mixed null nulls object");
  EXPECT_EQ(co_await found(db, "a = null"), "below empty missing mixed null nulls object");
  EXPECT_EQ(co_await found(db, "a != null"), "value");
  EXPECT_EQ(co_await found(db, "a in (null, 5)"), "below empty missing mixed null nulls object");
  EXPECT_EQ(co_await found(db, "not a in (null, 5)"), "value");
  EXPECT_EQ(co_await found(db, "a >= 0"), "value");
  EXPECT_EQ(co_await found(db, "not a >= 0"), "below empty missing mixed null nulls object");
}

WEIR_RULE(Paths, exists_at_or_below, "exists is true when a non-null scalar is at the path or below it") {
  if (test.licences().one_type_per_path) {
    co_await store(db, record("below", R"({"a": {"b": {"c": false}}})"),
                   record("array", R"({"a": [{"x": [null, ""]}]})"), record("nothing", R"({"a": {"b": {"c": null}}})"));
    EXPECT_EQ(co_await found(db, "exists(a)"), "array below");
    EXPECT_EQ(co_await found(db, "exists(a.b)"), "below");
    EXPECT_EQ(co_await found(db, "exists(a.b.c)"), "below");
    co_return;
  }
  co_await store(db, record("below", R"({"a": {"b": {"c": false}}})"), record("array", R"({"a": [{"b": [null, ""]}]})"),
                 record("scalar", R"({"a": 0})"), record("nothing", R"({"a": {"b": {"c": null}}})"));
  EXPECT_EQ(co_await found(db, "exists(a)"), "array below scalar");
  EXPECT_EQ(co_await found(db, "exists(a.b)"), "array below");
  EXPECT_EQ(co_await found(db, "exists(a.b.c)"), "below");
}

WEIR_RULE(Paths, objects_are_no_values, "The values at a path are the non-null scalars reached: an object is none") {
  co_await store(db, record("object", R"({"a": {"b": 1}})"), record("scalar", R"({"x": 1})"));
  EXPECT_EQ(co_await found(db, "a = 1"), "");
  EXPECT_EQ(co_await found(db, "a != 1"), "object scalar");
  // `= null` means not_exists, which looks below the path too.
  EXPECT_EQ(co_await found(db, "a = null"), "scalar");
  EXPECT_EQ(co_await found(db, "a != null"), "object");
  Query ordered;
  ordered.order_by("a", Order::desc);
  EXPECT_EQ(co_await found(db, ordered), "object scalar") << "no value: last, by id";
}

}  // namespace weir::conformance
