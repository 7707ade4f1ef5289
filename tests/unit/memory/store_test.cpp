#include "backends/memory/store.hpp"

#include <gtest/gtest.h>

namespace weir::memory {
namespace {

Record record(const std::string& id, int value) {
  Record made;
  made.id = id;
  made.fields["v"] = value;
  return made;
}

template <class Action>
errc failure_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return errc::server_error;
}

TEST(MemoryStore, every_write_gives_the_record_another_version) {
  Store store;
  EXPECT_TRUE(store.write(WriteKind::create, record("a", 1), {}));
  const auto first = store.find("a")->version;
  EXPECT_TRUE(store.write(WriteKind::update, record("a", 1), {}));
  EXPECT_NE(store.find("a")->version, first);
}

TEST(MemoryStore, create_of_a_stored_id_changes_nothing) {
  Store store;
  store.write(WriteKind::create, record("a", 1), {});
  EXPECT_EQ(failure_of([&] { store.write(WriteKind::create, record("a", 2), {}); }), errc::already_exists);
  EXPECT_EQ(store.find("a")->fields["v"], 1);
}

TEST(MemoryStore, if_version_of_an_absent_record) {
  Store store;
  const auto options = WriteOptions{}.if_version("1");
  EXPECT_FALSE(store.write(WriteKind::update, record("a", 1), options));
  EXPECT_FALSE(store.write(WriteKind::patch, record("a", 1), options));
  EXPECT_FALSE(store.write(WriteKind::remove, record("a", 1), options));
  EXPECT_EQ(failure_of([&] { store.write(WriteKind::upsert, record("a", 1), options); }), errc::conflict);
}

TEST(MemoryStore, all_or_nothing_sees_its_own_items_and_leaves_nothing_behind) {
  Store store;
  EXPECT_EQ(failure_of([&] { store.write_all(WriteKind::create, {record("a", 1), record("b", 2), record("a", 3)}); }),
            errc::already_exists);
  EXPECT_EQ(store.size(), 0U);
  const auto ids = store.write_all(WriteKind::create, {record("a", 1), record("b", 2)});
  EXPECT_EQ(ids, (std::vector<std::string>{"a", "b"}));
  const auto removed = store.write_all(WriteKind::remove, {record("a", 0), record("none", 0)});
  EXPECT_EQ(removed, (std::vector<std::string>{"a", ""}));
}

TEST(MemoryStore, a_commit_after_a_foreign_write_to_what_was_read_fails) {
  Store store;
  store.write(WriteKind::create, record("a", 1), {});
  const auto base = store.snapshot();
  ReadSet reads;
  reads.versions["a"] = base.records.find("a")->version;
  store.write(WriteKind::update, record("a", 2), {});
  Changes changes;
  changes["b"] = std::make_shared<const Record>(record("b", 1));
  EXPECT_EQ(failure_of([&] { store.commit(changes, reads, base.version); }), errc::serialization_failure);
  EXPECT_EQ(store.find("b"), nullptr);
}

TEST(MemoryStore, a_commit_after_a_foreign_write_to_something_else_succeeds) {
  Store store;
  const auto base = store.snapshot();
  ReadSet reads;
  reads.versions["a"] = "";
  store.write(WriteKind::create, record("other", 2), {});
  Changes changes;
  changes["a"] = std::make_shared<const Record>(record("a", 1));
  store.commit(changes, reads, base.version);
  EXPECT_EQ(store.find("a")->fields["v"], 1);
}

TEST(MemoryStore, a_commit_after_a_query_fails_when_anything_was_written) {
  Store store;
  const auto base = store.snapshot();
  ReadSet reads;
  reads.whole = true;
  store.write(WriteKind::create, record("other", 2), {});
  Changes changes;
  changes["a"] = std::make_shared<const Record>(record("a", 1));
  EXPECT_EQ(failure_of([&] { store.commit(changes, reads, base.version); }), errc::serialization_failure);
  store.commit({}, reads, base.version);  // a transaction that wrote nothing saw one state: it may always end
}

}  // namespace
}  // namespace weir::memory
