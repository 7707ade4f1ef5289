// Writes of one record.

#include "conformance/suite.hpp"

#include <array>

namespace weir::conformance {

WEIR_RULES(Writes);

WEIR_RULE(Writes, create_and_read, "A write that returned is visible to a later read on any handle") {
  const auto one = record("a", R"({"n": 1})");
  EXPECT_EQ(co_await db.create(one), "a");
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && same_record(one, *read));
  EXPECT_TRUE(co_await db.exists("a"));
  EXPECT_EQ(co_await found(db, "n = 1"), "a");
}

WEIR_RULE(Writes, absence_is_no_failure, "Absence is not a failure: read gives std::optional, remove gives bool") {
  EXPECT_FALSE((co_await db.read("none")).has_value());
  EXPECT_FALSE(co_await db.exists("none"));
  EXPECT_FALSE(co_await db.remove("none"));
  EXPECT_FALSE(co_await db.update("none", record("", R"({"n": 1})")));
  EXPECT_FALSE(co_await db.patch("none", object_of("n", 1)));
  EXPECT_EQ(co_await db.count(), 0u) << "nothing was made";
}

WEIR_RULE(Writes, create_of_an_existing_id, "create of an id that exists: already_exists, nothing changed") {
  const auto one = record("a", R"({"n": 1})");
  co_await db.create(one);
  const auto before = co_await db.read("a");
  EXPECT_FAILS(db.create(record("a", R"({"n": 2})")), already_exists);
  const auto after = co_await db.read("a");
  EXPECT_TRUE(after && same_record(one, *after));
  EXPECT_EQ(before->version, after->version);
}

WEIR_RULE(Writes, update_replaces, "update replaces fields and metadata; false when absent") {
  auto one = record("a", R"({"n": 1, "old": true})");
  one.metadata = object_of("m", 1);
  co_await db.create(one);
  EXPECT_TRUE(co_await db.update("a", record("a", R"({"n": 2})")));
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && same_record(record("a", R"({"n": 2})"), *read));
}

WEIR_RULE(Writes, upsert, "upsert creates or replaces; gives the id") {
  EXPECT_EQ(co_await db.upsert(record("a", R"({"n": 1, "x": 1})")), "a");
  EXPECT_EQ(co_await db.upsert(record("a", R"({"n": 2})")), "a");
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && same_record(record("a", R"({"n": 2})"), *read));
  EXPECT_EQ(co_await db.count(), 1u);
}

WEIR_RULE(Writes, patch_is_a_merge_patch,
          "patch merges into the fields by RFC 7396 (null removes); false when absent") {
  // The table of RFC 7396, appendix A, as far as both sides are objects.
  const std::vector<std::array<const char*, 3>> table{
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
      {R"({"a":{"b":1}})", R"({"a":{"c":[null,{"d":null}]}})", R"({"a":{"b":1,"c":[null,{"d":null}]}})"},
      {R"({"a":1})", R"({})", R"({"a":1})"},
      {R"({"a":{"b":{"c":1,"d":2}}})", R"({"a":{"b":{"c":null}}})", R"({"a":{"b":{"d":2}}})"},
      {R"({"a":1})", R"({"a":{"b":null}})", R"({"a":{}})"},
      {R"({"a":9007199254740993})", R"({"b":9223372036854775807})",
       R"({"a":9007199254740993,"b":9223372036854775807})"},
      {R"({"a b":1,"'":2})", R"({"'":"\"","é":"😀"})", R"({"a b":1,"'":"\"","é":"😀"})"},
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (test.licences().one_type_per_path && i > 5) continue;  // where "a" is a string throughout
    const auto id = std::to_string(i);
    co_await db.create(record(id, table[i][0]));
    const auto merge = Json::parse(table[i][1]);
    EXPECT_TRUE(co_await db.patch(id, merge));
    const auto read = co_await db.read(id);
    EXPECT_TRUE(read && same_record(record(id, table[i][2]), *read)) << table[i][0] << " + " << table[i][1];
  }
}

WEIR_RULE(Writes, patch_keeps_metadata, "patch merges into the fields") {
  auto one = record("a", R"({"n": 1})");
  one.metadata = object_of("m", 1);
  co_await db.create(one);
  co_await db.patch("a", object_of("n", 2));
  const auto read = co_await db.read("a");
  one.fields["n"] = 2;
  EXPECT_TRUE(read && same_record(one, *read));
}

WEIR_RULE(Writes, patch_of_no_object, "a merge patch is a JSON object; what it puts in is held to the data rules") {
  co_await db.create(record("a", R"({"n": 1})"));
  for (const auto& bad : {Json::array(), Json(1), Json(), Json("x")})
    EXPECT_FAILS(db.patch("a", bad), invalid_argument);
  const Json big{{"n", std::uint64_t{1} << 63}};
  EXPECT_FAILS(db.patch("a", big), invalid_argument);
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && same_record(record("a", R"({"n": 1})"), *read));
}

WEIR_RULE(Writes, remove, "remove: false when absent") {
  co_await db.create(record("a"));
  co_await db.create(record("b"));
  EXPECT_TRUE(co_await db.remove("a"));
  EXPECT_FALSE(co_await db.remove("a"));
  EXPECT_FALSE((co_await db.read("a")).has_value());
  EXPECT_EQ(co_await found(db, Query{}), "b");
  EXPECT_EQ(co_await db.create(record("a", R"({"again": true})")), "a");
}

WEIR_RULE(Writes, if_version, "if_version of another version: conflict; nothing changed") {
  co_await db.create(record("a", R"({"n": 1})"));
  const auto first = co_await db.read("a");
  WriteOptions options;
  options.if_version(first->version);
  if (!db.capabilities().conditional_write) {
    EXPECT_FAILS(db.update("a", record("", R"({"n": 2})"), options), unsupported);
    EXPECT_FAILS(db.patch("a", Json::object(), options), unsupported);
    EXPECT_FAILS(db.remove("a", options), unsupported);
    co_return;
  }
  EXPECT_TRUE(co_await db.update("a", record("", R"({"n": 2})"), options));
  const auto second = co_await db.read("a");
  EXPECT_FAILS(db.update("a", record("", R"({"n": 3})"), options), conflict);
  EXPECT_FAILS(db.patch("a", object_of("n", 3), options), conflict);
  EXPECT_FAILS(db.upsert(record("a", R"({"n": 3})"), options), conflict);
  EXPECT_FAILS(db.remove("a", options), conflict);
  const auto unchanged = co_await db.read("a");
  EXPECT_TRUE(unchanged && same_record(record("a", R"({"n": 2})"), *unchanged));
  EXPECT_EQ(unchanged->version, second->version);
  WriteOptions current;
  current.if_version(second->version);
  EXPECT_TRUE(co_await db.patch("a", object_of("n", 4), current));
  const auto third = co_await db.read("a");
  current.if_version(third->version);
  EXPECT_EQ(co_await db.upsert(record("a", R"({"n": 5})"), current), "a");
  const auto fourth = co_await db.read("a");
  current.if_version(fourth->version);
  EXPECT_TRUE(co_await db.remove("a", current));
}

WEIR_RULE(Writes, if_version_of_nonsense, "if_version: a version that no store gave is another version") {
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await db.create(record("a", R"({"n": 1})"));
  for (const std::string nonsense : {"", "x", "0", "-1", "99999999999999999999999", "1; drop", "'", "1.0", " 1"}) {
    WriteOptions options;
    options.if_version(nonsense);
    const auto outcome = co_await outcome_of([&] { return db.update("a", record("", R"({"n": 2})"), options); });
    EXPECT_TRUE(outcome.is(errc::conflict) || outcome.is(errc::invalid_argument)) << nonsense << ": " << outcome;
  }
  const auto read = co_await db.read("a");
  EXPECT_EQ(read->get<int>("n"), 1);
}

WEIR_RULE(Writes, if_version_of_an_absent_record,
          "if_version with an absent id: false for update, patch, remove; conflict for upsert") {
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await db.create(record("a"));
  const auto there = co_await db.read("a");
  co_await db.remove("a");
  WriteOptions options;
  options.if_version(there->version);
  EXPECT_FALSE(co_await db.update("a", record(""), options));
  EXPECT_FALSE(co_await db.patch("a", Json::object(), options));
  EXPECT_FALSE(co_await db.remove("a", options));
  EXPECT_FAILS(db.upsert(record("a"), options), conflict);
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Writes, refused_writes_leave_nothing, "Bad input gives a clear error, and nothing already stored is lost") {
  const auto good = record("a", R"({"n": 1})");
  co_await db.create(good);
  Record bad = record("a");
  bad.fields["v"] = std::string("x\0y", 3);
  EXPECT_FAILS(db.upsert(bad), invalid_argument);
  EXPECT_FAILS(db.update("a", bad), invalid_argument);
  const auto read = co_await db.read("a");
  EXPECT_TRUE(read && same_record(good, *read));
}

WEIR_RULE(Writes, errors_say_where, "what(): backend, operation; never a secret, never the data") {
  co_await db.create(record("a-very-particular-id", R"({"secret_field": "very-secret-value"})"));
  const auto outcome = co_await outcome_of(
      [&] { return db.create(record("a-very-particular-id", R"({"secret_field": "very-secret-value"})")); });
  EXPECT_TRUE(test::fails_with(outcome, errc::already_exists));
  if (!outcome.error()) co_return;
  EXPECT_FALSE(outcome.error()->backend().empty()) << outcome;
  EXPECT_NE(std::string(outcome.error()->operation()).find("create"), std::string::npos) << outcome;
  EXPECT_EQ(outcome.text().find("very-secret-value"), std::string::npos) << outcome;
  EXPECT_FALSE(outcome.error()->transient());
  EXPECT_FALSE(outcome.error()->maybe_applied());
  EXPECT_EQ(outcome.error()->attempts(), 1u);
}

}  // namespace weir::conformance
