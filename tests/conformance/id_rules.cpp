// Ids and versions.

#include "conformance/suite.hpp"

#include <set>

namespace weir::conformance {

WEIR_RULES(Ids);

namespace {

std::vector<std::string> odd_ids() {
  std::vector<std::string> ids{"a",      "A",          "/",   "//",      "a/b", "a/b/c", "..",     ".",   "../x",
                               "%",      "%2F",        "%00", " ",       "  ",  " a",    "a ",     "'",   "\"",
                               "\\",     "😀",         "é",   "e\u0301", "\n",  "\t",    "\x7f",   "#",   "?",
                               "&x=y",   "a.json",     "~",   "!",       "*",   "_",     "__id__", "-",   "--",
                               "null",   "true",       "0",   "1",       "1.0", "{}",    "[]",     "<&>", "日本",
                               "\uFFFD", "\U00010000", "+",   ":",       ";",   "$",     "@",      "id",  "ID"};
  ids.push_back(std::string(512, 'x'));
  ids.push_back(std::string(512, '/'));
  ids.push_back(std::string(511, 'x') + "/");
  ids.push_back(std::string(255, 'y'));
  ids.push_back(std::string(256, 'y'));
  std::string emoji;
  for (int i = 0; i < 128; ++i) emoji += "😀";
  ids.push_back(emoji);
  return ids;
}

}  // namespace

WEIR_RULE(Ids, any_characters,
          "id: 1 to 512 bytes of UTF-8, any characters (/, %, spaces, .., quotes, emoji included)") {
  const auto ids = odd_ids();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Record one;
    one.id = ids[i];
    one.fields["n"] = i;
    const auto stored = co_await db.create(one);
    EXPECT_EQ(stored, ids[i]);
  }
  EXPECT_EQ(co_await db.count(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto read = co_await db.read(ids[i]);
    if (!read) {
      ADD_FAILURE() << "not found: " << Json(ids[i]).dump();
      continue;
    }
    EXPECT_EQ(read->id, ids[i]);
    EXPECT_EQ(read->get<std::size_t>("n"), i);
    const auto searched = co_await db.search(Query(weir::id() == ids[i]));
    if (searched.size() != 1)
      ADD_FAILURE() << Json(ids[i]).dump() << " found " << searched.size() << " times";
    else
      EXPECT_EQ(searched.front().id, ids[i]);
  }
  const auto all = co_await db.read_batch(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_TRUE(all[i] && all[i]->id == ids[i]) << Json(ids[i]).dump();
  for (const auto& id : ids) EXPECT_TRUE(co_await db.remove(id)) << Json(id).dump();
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Ids, order_by_bytes, "id is compared by bytes; without order_by, search is by id") {
  auto ids = odd_ids();
  std::vector<Record> records;
  for (const auto& id : ids) records.push_back(record(id));
  co_await store(db, records);
  std::sort(ids.begin(), ids.end());
  const auto all = co_await db.search(Query{});
  EXPECT_EQ(ids_of(all), ids);
  Query descending;
  descending.order_by(weir::id(), Order::desc);
  const auto backwards = co_await db.search(descending);
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(ids_of(backwards), ids);
}

WEIR_RULE(Ids, length, "id: 1 to 512 bytes; of 0 and 513 bytes it is refused") {
  const std::string too_long(513, 'x');
  EXPECT_FAILS(db.create(record(too_long)), invalid_argument);
  EXPECT_FAILS(db.upsert(record(too_long)), invalid_argument);
  EXPECT_FAILS(db.read(too_long), invalid_argument);
  EXPECT_FAILS(db.exists(too_long), invalid_argument);
  EXPECT_FAILS(db.remove(too_long), invalid_argument);
  EXPECT_FAILS(db.update(too_long, record("")), invalid_argument);
  EXPECT_FAILS(db.patch(too_long, Json::object()), invalid_argument);
  EXPECT_FAILS(db.read(std::string()), invalid_argument);
  EXPECT_FAILS(db.remove(std::string()), invalid_argument);
  EXPECT_FAILS(db.update(std::string(), record("")), invalid_argument);
  EXPECT_EQ(co_await db.count(), 0u);
}

WEIR_RULE(Ids, assigned_when_empty, "empty on create: a UUIDv7 is assigned") {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(co_await db.create(Record{}));
  EXPECT_EQ(ids.size(), 20u);
  for (const auto& id : ids) {
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '7') << id;
    EXPECT_TRUE(co_await db.exists(id));
  }
  const auto upserted = co_await db.upsert(Record{});
  EXPECT_EQ(upserted.size(), 36u);
  const auto batch = co_await db.create_batch(std::vector<Record>(3));
  for (const auto& id : batch.ids) EXPECT_EQ(id.size(), 36u);
}

WEIR_RULE(Ids, not_of_the_fields, "id is never taken from or written into fields, whatever keys they hold") {
  const auto one = record("real", R"({"id": "other", "_id": "third", "version": "fourth"})");
  co_await db.create(one);
  const auto read = co_await db.read("real");
  if (!read) co_return ADD_FAILURE() << "not stored";
  EXPECT_TRUE(same_record(one, *read));
  EXPECT_FALSE(co_await db.exists("other"));
  EXPECT_EQ(co_await found(db, Query(field("id") == "other")), "real");
  EXPECT_EQ(co_await found(db, Query(weir::id() == "other")), "");
  co_await db.create(record("plain"));
  const auto plain = co_await db.read("plain");
  EXPECT_TRUE(plain && plain->fields.empty());
}

WEIR_RULE(Ids, as_operand, "Field id() compares the record's id") {
  co_await store(db, record("a"), record("ab"), record("b"), record("ba"), record("B"));
  EXPECT_EQ(co_await found(db, Query(weir::id() >= "b")), "b ba");
  EXPECT_EQ(co_await found(db, Query(weir::id() < "a")), "B");
  EXPECT_EQ(co_await found(db, Query(weir::id() != "a")), "B ab b ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().starts_with("a"))), "a ab");
  EXPECT_EQ(co_await found(db, Query(weir::id().in("a", "ba", "none"))), "a ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().not_in("a", "ba"))), "B ab b");
  EXPECT_EQ(co_await found(db, Query(weir::id().between("ab", "b"))), "ab b");
  EXPECT_EQ(co_await found(db, Query(weir::id().like("_a"))), "ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().ilike("b%"))), "B b ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().contains("b"))), "ab b ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().regex("[ab]{2}"))), "ab ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().exists())), "B a ab b ba");
  EXPECT_EQ(co_await found(db, Query(weir::id().not_exists())), "");
  EXPECT_EQ(co_await found(db, Query(weir::id() == nullptr)), "");
  EXPECT_EQ(co_await found(db, Query(weir::id() == 1)), "");
  EXPECT_EQ(co_await found(db, Query(weir::id() != 1)), "B a ab b ba");
}

WEIR_RULE(Ids, version_changes_with_every_write, "version changes with every write of that record") {
  co_await db.create(record("a", R"({"n": 1})"));
  co_await db.create(record("other"));
  std::set<std::string> versions;
  auto version = [](AsyncDatabase of) -> awaitable<std::string> {
    const auto read = co_await of.read("a");
    co_return read ? read->version : std::string();
  };
  versions.insert(co_await version(db));
  co_await db.update("a", record("", R"({"n": 2})"));
  versions.insert(co_await version(db));
  co_await db.patch("a", object_of("n", 3));
  versions.insert(co_await version(db));
  co_await db.upsert(record("a", R"({"n": 3})"));  // nothing new in it, still a write
  versions.insert(co_await version(db));
  EXPECT_EQ(versions.size(), 4u);
  EXPECT_FALSE(versions.contains("")) << "a record that was read has a version";
  const auto before = co_await version(db);
  co_await db.patch("other", object_of("n", 3));
  EXPECT_EQ(co_await version(db), before) << "a write of another record changes nothing here";
  const auto searched = co_await db.search(Query(weir::id() == "a"));
  EXPECT_EQ(searched.front().version, before);
  auto stream = db.stream(Query(weir::id() == "a"));
  const auto streamed = co_await stream.next();
  EXPECT_EQ(streamed->version, before);
  co_await stream.close();
  const std::vector<std::string> wanted{"a"};
  const auto batch = co_await db.read_batch(wanted);
  EXPECT_EQ(batch.front()->version, before);
}

WEIR_RULE(Ids, version_of_a_new_record_after_removal,
          "version: opaque; a record made anew does not pass for the removed one") {
  if (!db.capabilities().conditional_write) test.skip("no conditional writes");
  co_await db.create(record("a", R"({"n": 1})"));
  const auto first = co_await db.read("a");
  co_await db.remove("a");
  co_await db.create(record("a", R"({"n": 2})"));
  WriteOptions stale;
  stale.if_version(first->version);
  EXPECT_FAILS(db.update("a", record("", R"({"n": 9})"), stale), conflict);
}

}  // namespace weir::conformance
