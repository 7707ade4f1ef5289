#include "conformance/operations.hpp"

#include "conformance/suite.hpp"

namespace weir::conformance {
namespace {

constexpr std::size_t in_a_batch = 12;

Record tagged(const std::string& tag, std::size_t i = 0) {
  Record one;
  one.id = tag + "-" + std::to_string(i);
  one.fields["tag"] = tag;
  one.fields["changed"] = false;
  return one;
}
std::vector<Record> batch(const std::string& tag) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < in_a_batch; ++i) records.push_back(tagged(tag, i));
  return records;
}
std::vector<std::string> batch_ids(const std::string& tag) { return ids_of(batch(tag)); }
Record changed(const std::string& tag) {
  auto one = tagged(tag);
  one.fields["changed"] = true;
  return one;
}
Query of(const std::string& tag) { return Query(field("tag") == tag); }

awaitable<void> prepare_one(AsyncDatabase db, std::string tag) { co_await db.create(tagged(tag)); }
awaitable<void> prepare_batch(AsyncDatabase db, std::string tag) { co_await db.create_batch(batch(tag)); }

awaitable<void> create(AsyncDatabase db, std::string tag) { co_await db.create(tagged(tag)); }
awaitable<void> upsert(AsyncDatabase db, std::string tag) { co_await db.upsert(tagged(tag)); }
awaitable<void> read(AsyncDatabase db, std::string) { co_await db.read("base-0"); }
awaitable<void> exists(AsyncDatabase db, std::string) { co_await db.exists("base-0"); }
awaitable<void> update(AsyncDatabase db, std::string tag) { co_await db.update(tag + "-0", changed(tag)); }
awaitable<void> patch(AsyncDatabase db, std::string tag) { co_await db.patch(tag + "-0", object_of("changed", true)); }
awaitable<void> remove(AsyncDatabase db, std::string tag) { co_await db.remove(tag + "-0"); }
awaitable<void> search(AsyncDatabase db, std::string) { co_await db.search(Query{}.order_by("n")); }
awaitable<void> count(AsyncDatabase db, std::string) { co_await db.count(); }
awaitable<void> explain(AsyncDatabase db, std::string) { co_await db.explain(Query{}); }
awaitable<void> ping(AsyncDatabase db, std::string) { co_await db.ping(); }

awaitable<void> stream_next(AsyncDatabase db, std::string) {
  auto stream = db.stream(Query{}.order_by("n"), StreamOptions{}.batch_size(3));
  while (co_await stream.next()) {
  }
}
awaitable<void> stream_next_batch(AsyncDatabase db, std::string) {
  auto stream = db.stream(Query{}, StreamOptions{}.batch_size(3));
  for (;;) {
    const auto records = co_await stream.next_batch();
    if (records.empty()) break;
  }
}
awaitable<void> stream_close(AsyncDatabase db, std::string) {
  auto stream = db.stream(Query{}, StreamOptions{}.batch_size(3));
  co_await stream.next();
  co_await stream.close();
}

awaitable<void> create_batch(AsyncDatabase db, std::string tag) {
  BatchOptions options;
  options.chunk(4);
  co_await db.create_batch(batch(tag), options);
}
awaitable<void> upsert_batch(AsyncDatabase db, std::string tag) {
  BatchOptions options;
  options.on_error(OnError::collect);
  co_await db.upsert_batch(batch(tag), options);
}
awaitable<void> atomic_batch(AsyncDatabase db, std::string tag) {
  BatchOptions options;
  options.atomic(true).chunk(4);
  co_await db.create_batch(batch(tag), options);
}
awaitable<void> read_batch(AsyncDatabase db, std::string) {
  std::vector<std::string> ids{"base-0", "none", "base-3"};
  co_await db.read_batch(std::move(ids));
}
awaitable<void> remove_batch(AsyncDatabase db, std::string tag) { co_await db.remove_batch(batch_ids(tag)); }
awaitable<void> write(AsyncDatabase db, std::string tag) {
  WriteStreamOptions options;
  options.chunk(5);
  auto source = RecordStream::from(batch(tag));
  co_await db.write(std::move(source), options);
}
awaitable<void> remove_where(AsyncDatabase db, std::string tag) { co_await db.remove_where(of(tag)); }
awaitable<void> patch_where(AsyncDatabase db, std::string tag) {
  co_await db.patch_where(of(tag), object_of("changed", true));
}

awaitable<void> begin(AsyncDatabase db, std::string) { auto tx = co_await db.begin(); }
awaitable<void> commit(AsyncDatabase db, std::string tag) {
  auto tx = co_await db.begin();
  for (const auto& one : batch(tag)) co_await tx.create(one);
  co_await tx.commit();
}
awaitable<void> rollback(AsyncDatabase db, std::string tag) {
  auto tx = co_await db.begin();
  co_await tx.create(tagged(tag));
  co_await tx.rollback();
}
awaitable<void> all_in_a_transaction(AsyncDatabase db, std::string tag) {
  auto tx = co_await db.begin();
  co_await tx.create_batch(batch(tag));
  co_await tx.read("base-0");
  co_await tx.exists("base-0");
  co_await tx.patch(tag + "-0", object_of("x", 1));
  co_await tx.update(tag + "-1", tagged(tag, 1));
  co_await tx.upsert(tagged(tag, 2));
  co_await tx.search(Query{});
  co_await tx.count();
  co_await tx.remove("none");
  co_await tx.read_batch(batch_ids(tag));
  co_await tx.upsert_batch(batch(tag));
  std::vector<std::string> none{"none"};
  co_await tx.remove_batch(std::move(none));
  auto stream = tx.stream(Query{}, StreamOptions{}.batch_size(4));
  while (co_await stream.next()) {
  }
  co_await stream.close();
  co_await tx.commit();
}
awaitable<void> savepoints(AsyncDatabase db, std::string tag) {
  auto tx = co_await db.begin();
  co_await tx.create_batch(batch(tag));
  {
    auto inner = co_await tx.savepoint();
    co_await inner.remove(tag + "-0");
    co_await inner.rollback();
  }
  {
    auto inner = co_await tx.savepoint();
    co_await inner.patch(tag + "-0", object_of("x", 1));
    co_await inner.commit();
  }
  {
    auto dropped = co_await tx.savepoint();
  }
  co_await tx.commit();
}
awaitable<void> transact(AsyncDatabase db, std::string tag) {
  auto body = [&tag](Transaction& tx) -> awaitable<void> {
    for (const auto& one : batch(tag)) co_await tx.upsert(one);
  };
  co_await db.transact(body);
}

}  // namespace

const std::vector<InterruptedOperation>& interrupted_operations() {
  using enum InterruptedOperation::Effect;
  static const std::vector<InterruptedOperation> operations{
      {"create", nullptr, create, all, 1, false, false},
      {"upsert", nullptr, upsert, all, 1, false, false},
      {"read", nullptr, read, none, 0, false, false},
      {"exists", nullptr, exists, none, 0, false, false},
      {"update", prepare_one, update, change, 1, false, false},
      {"patch", prepare_one, patch, change, 1, false, false},
      {"remove", prepare_one, remove, removal, 1, false, false},
      {"search", nullptr, search, none, 0, false, false},
      {"count", nullptr, count, none, 0, false, false},
      {"explain", nullptr, explain, none, 0, false, false},
      {"ping", nullptr, ping, none, 0, false, false},
      {"stream_next", nullptr, stream_next, none, 0, false, false},
      {"stream_next_batch", nullptr, stream_next_batch, none, 0, false, false},
      {"stream_close", nullptr, stream_close, none, 0, false, false},
      {"create_batch", nullptr, create_batch, any, in_a_batch, false, false},
      {"upsert_batch", nullptr, upsert_batch, any, in_a_batch, false, false},
      {"atomic_batch", nullptr, atomic_batch, all, in_a_batch, true, false},
      {"read_batch", nullptr, read_batch, none, 0, false, false},
      {"remove_batch", prepare_batch, remove_batch, removal, in_a_batch, false, false},
      {"write", nullptr, write, any, in_a_batch, false, false},
      {"remove_where", prepare_batch, remove_where, removal, in_a_batch, false, false},
      {"patch_where", prepare_batch, patch_where, change, in_a_batch, false, false},
      {"begin", nullptr, begin, none, 0, true, false},
      {"commit", nullptr, commit, all, in_a_batch, true, false},
      {"rollback", nullptr, rollback, none, 0, true, false},
      {"all_in_a_transaction", nullptr, all_in_a_transaction, all, in_a_batch, true, false},
      {"savepoints", nullptr, savepoints, all, in_a_batch, true, true},
      {"transact", nullptr, transact, all, in_a_batch, true, false},
  };
  return operations;
}

}  // namespace weir::conformance
