// Records on a store in memory: what is there when something goes wrong, and what is not ours.
#include "wire/s3/support.hpp"

#include <weir/database.hpp>

#include <gtest/gtest.h>

namespace weir::s3 {
namespace {

using test::FakeStore;
using test::Fault;
using test::run;

Record person(std::string id, int age) {
  Record out;
  out.id = std::move(id);
  out.fields["age"] = age;
  return out;
}

awaitable<void> foreign_objects(std::string url, FakeStore* store) {
  const auto db = co_await AsyncDatabase::open(url);
  co_await db.create(person("ours", 1));
  for (const char* key : {"notes.txt", "people/notes.txt", "people/", "people/A B.json", "people/x.json/y",
                          "other/a.json", "people/sub/", "people/empty.json"})
    store->put(key, std::string(key).ends_with("empty.json") ? "" : "foreign");
  store->put("people/foreign.json", R"({"hello": 1})");
  store->put("people/broken.json", "{");
  const auto before = store->objects();
  const auto all = co_await db.search(Query{});
  EXPECT_TRUE(all.size() == 1 && all[0].id == "ours");
  const auto none = co_await db.read("foreign");
  EXPECT_FALSE(none.has_value());
  EXPECT_FAILS(db.create(person("foreign", 2)), already_exists);
  const auto removed = co_await db.remove_where(Query{});
  EXPECT_EQ(removed, 1u);
  auto after = store->objects();
  for (const auto& [key, object] : before)
    if (key != "people/ours.json") {
      EXPECT_EQ(after[key].bytes, object.bytes) << key;
    }
  co_await db.close();
}

TEST(Records, ObjectsOfOthersAreLeftAlone) {
  FakeStore store;
  run(foreign_objects(url_of(store), &store));
}

awaitable<void> large_metadata(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{1400}, std::size_t{5000}}) {
    auto one = person("m" + std::to_string(size), 1);
    if (size > 0) one.metadata["text"] = std::string(size, 'x') + " é😀  \"\\ end ";
    co_await db.create(one);
    const auto read = co_await db.read(one.id);
    EXPECT_TRUE(read && read->metadata == one.metadata) << size;
  }
  co_await db.close();
}

TEST(Records, MetadataOfAnySize) {
  FakeStore store;
  run(large_metadata(url_of(store)));
  const auto objects = store.objects();
  EXPECT_NE(objects.at("people/m10.json").fields.find("x-amz-meta-weir-metadata"), std::string::npos);
  EXPECT_EQ(objects.at("people/m5000.json").fields.find("x-amz-meta-weir-metadata"), std::string::npos);
}

awaitable<void> remove_and_make_again(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  co_await db.create(person("a", 1));
  const auto first = co_await db.read("a");
  WriteOptions old;
  old.if_version(first->version);
  EXPECT_TRUE(co_await db.remove("a", old));
  EXPECT_FALSE(co_await db.remove("a"));
  EXPECT_FALSE(co_await db.exists("a"));
  EXPECT_EQ(co_await db.count(), 0u);
  EXPECT_FALSE(co_await db.update("a", person("", 2)));
  co_await db.create(person("a", 3));
  EXPECT_FAILS(db.create(person("a", 4)), already_exists);
  EXPECT_FAILS(db.remove("a", old), conflict);
  const auto now = co_await db.read("a");
  EXPECT_TRUE(now && now->get<int>("age") == 3);
  co_await db.close();
}

TEST(Records, RemovalIsAtomicWhateverTheStoreLooksAt) {
  for (const bool conditional : {true, false}) {
    FakeStore store;
    store.conditional_remove(conditional);
    run(remove_and_make_again(url_of(store)));
  }
}

awaitable<void> first_use(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  EXPECT_FALSE(co_await db.exists("a"));
  co_await db.create(person("a", 1));
  EXPECT_TRUE(co_await db.exists("a"));
  co_await db.close();
}
awaitable<void> no_bucket(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  EXPECT_FAILS(db.exists("a"), not_found);
  EXPECT_FAILS(db.read("a"), not_found);
  EXPECT_FAILS(db.create(person("a", 1)), not_found);
  EXPECT_FAILS(db.search(Query{}), not_found);
  const auto health = co_await db.ping();
  EXPECT_FALSE(health.reachable);
  co_await db.close();
}

TEST(Records, TheBucketIsMadeAtFirstUse) {
  FakeStore store;
  store.remove_bucket();
  run(first_use(url_of(store)));
  FakeStore bare;
  bare.remove_bucket();
  run(no_bucket(url_of(bare, "&create_if_missing=false")));
}

awaitable<std::uint64_t> requests_for(std::string url, FakeStore* store, Query query) {
  const auto db = co_await AsyncDatabase::open(url);
  const auto before = store->requests();
  co_await db.search(std::move(query));
  const auto requests = store->requests() - before;
  co_await db.close();
  co_return requests;
}
awaitable<void> fill(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  std::vector<Record> records;
  for (int i = 0; i < 50; ++i) records.push_back(person((i < 5 ? "a/" : "b/") + std::to_string(100 + i), i));
  co_await db.create_batch(std::move(records));
  co_await db.close();
}

TEST(Records, WhatAQueryCosts) {
  FakeStore store;
  const auto url = url_of(store);
  run(fill(url));
  EXPECT_EQ(run(requests_for(url, &store, Query(id() == "a/101"))), 1u);
  EXPECT_EQ(run(requests_for(url, &store, Query(id().starts_with("a/")))), 2u + 5u);
  EXPECT_EQ(run(requests_for(url, &store, Query{}.limit(3))), 1u + 3u);
  EXPECT_EQ(run(requests_for(url, &store, Query(field("age") >= 0 && id() < "a/102"))), 1u + 2u);
  EXPECT_EQ(run(requests_for(url, &store, Query(field("age") >= 0))), 1u + 50u);
}

awaitable<void> lost_answers(std::string url) {
  const auto db = co_await AsyncDatabase::open(url);
  for (int i = 0; i < 30; ++i) {
    const auto id = std::to_string(i);
    co_await db.create(person(id, i));
    EXPECT_TRUE(co_await db.patch(id, Json::parse(R"({"seen": true})")));
    EXPECT_TRUE(co_await db.update(id, person("", i + 1)));
  }
  EXPECT_EQ(co_await db.count(), 30u);
  co_await db.close();
}

TEST(Records, EveryThirdAnswerIsLost) {
  FakeStore store;
  store.choose(
      [](std::uint64_t number, const test::Received&) { return number % 3 == 0 ? Fault::reset_after : Fault::none; });
  run(lost_answers(url_of(store, "&retry.max_attempts=6&retry.budget=0")));
  for (const auto& [key, count] : store.writes()) EXPECT_EQ(count, 3) << key;
}

}  // namespace
}  // namespace weir::s3
