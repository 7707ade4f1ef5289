// Records beside what others do in the same place: objects that are none of ours, and records that change meanwhile.
#include "wire/s3/support.hpp"

#include <weir/database.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace weir::s3 {
namespace {

using test::FakeStore;
using test::run;

std::string object_of(const std::string& fields) { return R"({"id":"a","write":"w","fields":)" + fields + "}"; }

awaitable<void> look_at_foreign(std::string url, FakeStore* store) {
  const auto db = co_await AsyncDatabase::open(url);
  Record any;
  any.fields["age"] = 1;
  for (const char* bytes : {R"({"hello": 1})", "{", ""}) {
    store->put("people/config.json", bytes);
    EXPECT_FALSE(co_await db.exists("config")) << bytes;
    EXPECT_FALSE(co_await db.update("config", any)) << bytes;
    EXPECT_FALSE(co_await db.patch("config", Json::parse(R"({"seen": true})"))) << bytes;
    EXPECT_FALSE(co_await db.remove("config")) << bytes;
    EXPECT_EQ(store->objects().at("people/config.json").bytes, bytes);
  }
  co_await db.close();
}

TEST(Others, ObjectsThatAreNoRecordsAreNeitherReplacedNorRemoved) {
  FakeStore store;
  run(look_at_foreign(url_of(store), &store));
}

awaitable<void> use_copied(std::string url, FakeStore* store) {
  const auto db = co_await AsyncDatabase::open(url);
  store->put("people/a.json", object_of(R"({"age":1})"));
  EXPECT_TRUE(co_await db.exists("a"));
  Record older;
  older.fields["age"] = 2;
  EXPECT_TRUE(co_await db.update("a", older));
  store->put("people/a.json", object_of(R"({"age":1})"));
  EXPECT_TRUE(co_await db.remove("a"));
  EXPECT_TRUE(store->objects().empty());
  co_await db.close();
}

TEST(Others, ARecordThatWasCopiedWithoutItsMarkIsOne) {
  FakeStore store;
  run(use_copied(url_of(store), &store));
}

enum class What { remove, patch };

awaitable<std::uint64_t> change_all(std::string url, What what) {
  const auto db = co_await AsyncDatabase::open(url);
  Query young(field("age") == 1);
  std::uint64_t count = 0;
  if (what == What::remove)
    count = co_await db.remove_where(young);
  else
    count = co_await db.patch_where(young, Json::parse(R"({"seen":true})"));
  co_await db.close();
  co_return count;
}

// Between the moment it is found and the moment it is changed, somebody else writes it.
std::uint64_t change_meanwhile(FakeStore& store, What what, const std::string& fields) {
  store.put("people/a.json", object_of(R"({"age":1})"));
  std::atomic<int> seen{0};
  store.before([&](const test::Received& request) {
    const bool reads = request.method() == "GET" || request.method() == "HEAD";
    if (reads && request.target() == "/bucket/people/a.json" && ++seen == 2)
      store.put("people/a.json", object_of(fields));
  });
  const auto count = run(change_all(url_of(store), what));
  store.before({});
  EXPECT_GE(seen, 2);
  return count;
}

TEST(Others, WhatNoLongerMatchesIsNotChanged) {
  for (const auto what : {What::remove, What::patch}) {
    FakeStore store;
    EXPECT_EQ(change_meanwhile(store, what, R"({"age":99})"), 0u);
    EXPECT_EQ(store.objects().at("people/a.json").bytes, object_of(R"({"age":99})"));
  }
}

TEST(Others, WhatStillMatchesIsChangedAsItIsNow) {
  FakeStore store;
  EXPECT_EQ(change_meanwhile(store, What::patch, R"({"age":1,"name":"new"})"), 1u);
  const auto bytes = store.objects().at("people/a.json").bytes;
  EXPECT_NE(bytes.find(R"("name":"new")"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find(R"("seen":true)"), std::string::npos) << bytes;
  EXPECT_EQ(change_meanwhile(store, What::remove, R"({"age":1,"name":"new"})"), 1u);
  EXPECT_FALSE(store.objects().contains("people/a.json"));
}

}  // namespace
}  // namespace weir::s3
