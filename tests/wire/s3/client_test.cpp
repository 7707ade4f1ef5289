// The client against a store in memory: what it sends, what it takes, and what stays in memory.
#include "wire/s3/support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <exception>

namespace weir::s3 {
namespace {

using test::FakeStore;
using test::run;

class Pieces final : public http::BodySource {
 public:
  Pieces(std::string all, std::size_t size) : all_(std::move(all)), size_(size) {}
  awaitable<std::span<const char>> next() override {
    const auto begin = at_;
    at_ = std::min(all_.size(), at_ + size_);
    co_return std::span<const char>(all_.data() + begin, at_ - begin);
  }

 private:
  std::string all_;
  std::size_t size_;
  std::size_t at_ = 0;
};

awaitable<void> there_and_back(Client client) {
  PutOptions options;
  Metadata metadata;
  metadata.emplace_back("colour", "blue and  green");
  options.content_type("text/plain").metadata(metadata);
  const auto put = co_await client.put("a b/ä?.txt", "hello", options);
  EXPECT_EQ(put.size, 5u);
  EXPECT_FALSE(put.etag.empty());
  const auto got = co_await client.get("a b/ä?.txt");
  if (!got) co_return ADD_FAILURE() << "absent";
  EXPECT_EQ(got->body.view(), "hello");
  EXPECT_EQ(got->info.etag, put.etag);
  EXPECT_EQ(got->info.content_type, "text/plain");
  EXPECT_EQ(got->info.metadata.at("colour"), "blue and  green");
  const auto head = co_await client.head("a b/ä?.txt");
  EXPECT_TRUE(head && head->size == 5);
  GetOptions middle;
  middle.offset(1).length(3);
  const auto part = co_await client.get("a b/ä?.txt", middle);
  EXPECT_TRUE(part && part->body.view() == "ell" && part->info.size == 5);
  const auto copied = co_await client.copy("a b/ä?.txt", "copy");
  EXPECT_NE(copied.etag, put.etag);
  co_await client.remove("a b/ä?.txt");
  const auto gone = co_await client.get("a b/ä?.txt");
  EXPECT_FALSE(gone.has_value());
  const auto no_head = co_await client.head("a b/ä?.txt");
  EXPECT_FALSE(no_head.has_value());
  co_await client.remove("a b/ä?.txt");
  std::vector<ObjectTag> tags;
  tags.emplace_back("k", "v & w");
  co_await client.set_tags("copy", tags);
  const auto read = co_await client.tags("copy");
  EXPECT_TRUE(read.size() == 1 && read[0].value == "v & w");
}

TEST(Client, ThereAndBack) {
  FakeStore store;
  run(there_and_back(client_of(store)));
}

awaitable<void> conditions(Client client) {
  PutOptions absent;
  absent.only_if_absent(true);
  const auto first = co_await client.put("a", "1", absent);
  EXPECT_FAILS(client.put("a", "2", absent), already_exists);
  PutOptions same;
  same.if_match(first.etag);
  const auto second = co_await client.put("a", "3", same);
  EXPECT_FAILS(client.put("a", "4", same), conflict);
  EXPECT_FAILS(client.put("b", "4", same), not_found);
  GetOptions old;
  old.if_match(first.etag);
  EXPECT_FAILS(client.get("a", old), conflict);
  RemoveOptions remove;
  remove.if_match(first.etag);
  EXPECT_FAILS(client.remove("a", remove), conflict);
  remove.if_match(second.etag);
  co_await client.remove("a", remove);
  EXPECT_FAILS(client.remove("a", remove), not_found);
}

TEST(Client, Conditions) {
  FakeStore store;
  run(conditions(client_of(store)));
}

awaitable<bool> probe(Client client) {
  const bool first = co_await client.removes_conditionally("p/");
  const bool second = co_await client.removes_conditionally("p/");
  EXPECT_EQ(first, second);
  co_return first;
}

TEST(Client, FindsOutWhetherRemovalIsConditional) {
  FakeStore looks, does_not;
  does_not.conditional_remove(false);
  EXPECT_TRUE(run(probe(client_of(looks))));
  EXPECT_FALSE(run(probe(client_of(does_not))));
  for (const auto* store : {&looks, &does_not}) {
    EXPECT_TRUE(store->objects().empty());
    EXPECT_LE(store->requests(), 3u);
  }
}

awaitable<void> list_all(Client client) {
  ListOptions options;
  options.prefix("p/");
  std::vector<std::string> keys;
  int pages = 0;
  do {
    const auto page = co_await client.list(options);
    for (const auto& object : page.objects) keys.push_back(object.key);
    options.continue_from(page.next);
    ++pages;
  } while (!options.continue_from().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(keys.size(), 2500u);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  const auto failed = co_await client.remove_many(std::move(keys));
  EXPECT_TRUE(failed.empty());
}

TEST(Client, ListsAndRemovesMany) {
  FakeStore store;
  for (int i = 0; i < 2500; ++i) store.put("p/" + std::to_string(10000 + i) + (i % 2 == 0 ? " &<é\"" : "\n"), "x");
  store.put("other", "stays");
  run(list_all(client_of(store)));
  EXPECT_EQ(store.objects().size(), 1u);
}

awaitable<void> in_parts(Client client, std::string body) {
  const auto put = co_await client.put_view("big", body);
  EXPECT_EQ(put.size, body.size());
  const auto got = co_await client.get("big");
  EXPECT_TRUE(got && got->body.view() == body);
  auto source = std::make_shared<Pieces>(body, 100'000);
  const auto streamed = co_await client.put_stream("streamed", source);
  EXPECT_EQ(streamed.size, body.size());
  auto sink = std::make_shared<Collect>();
  const auto info = co_await client.download("streamed", sink);
  EXPECT_EQ(info.size, body.size());
  EXPECT_TRUE(sink->text == body);
  auto part = std::make_shared<Collect>();
  GetOptions some;
  some.offset(3'000'000).length(6'000'000);
  co_await client.download("streamed", part, some);
  EXPECT_TRUE(part->text == body.substr(3'000'000, 6'000'000));
  auto small = std::make_shared<Pieces>("tiny", 1);
  co_await client.put_stream("small", small);
  auto again = std::make_shared<Collect>();
  co_await client.download("small", again);
  EXPECT_EQ(again->text, "tiny");
  co_await client.put("empty", "");
  auto nothing = std::make_shared<Collect>();
  const auto none = co_await client.download("empty", nothing);
  EXPECT_EQ(none.size, 0u);
  EXPECT_FAILS(client.download("absent", nothing), not_found);
}

ClientOptions small_parts(const FakeStore& store) {
  auto options = options_for(store);
  return options.part_size(std::uint64_t{5} << 20).memory_limit(std::uint64_t{15} << 20);
}

TEST(Client, LargeObjectsInParts) {
  FakeStore store;
  run(in_parts(Client("bucket", small_parts(store)), pattern((std::size_t{12} << 20) + 123)));
  EXPECT_EQ(store.uploads(), 0u);
}

awaitable<void> read_in_pieces(Client client, std::string expected) {
  auto stream = co_await client.open("a");
  EXPECT_EQ(stream.info().size, expected.size());
  std::string got;
  std::vector<char> room(10'000);
  for (;;) {
    const auto size = co_await stream.read_some(room);
    if (size == 0) break;
    got.append(room.data(), size);
  }
  EXPECT_TRUE(got == expected);
}

TEST(Client, AStreamGoesOnWhereItBroke) {
  FakeStore store;
  const auto body = pattern(300'000);
  run(client_of(store).put("a", body));
  int cut = 0;
  store.choose([&cut](std::uint64_t, const test::Received& request) {
    return request.method() == "GET" && cut++ < 3 ? test::Fault::truncated : test::Fault::none;
  });
  run(read_in_pieces(client_of(store), body));
  EXPECT_EQ(cut, 4);
}

awaitable<std::string> failing_upload(Client client, std::string body) {
  const auto outcome = co_await test::outcome_of([&] { return client.put_view("big", body); });
  co_return outcome.error() ? std::string(to_string(outcome.error()->kind())) : outcome.text();
}

TEST(Client, AnUploadThatFailsLeavesNothing) {
  FakeStore store;
  store.choose([](std::uint64_t, const test::Received& request) {
    return request.target().find("partNumber=2") != std::string::npos ? test::Fault::internal : test::Fault::none;
  });
  EXPECT_EQ(run(failing_upload(Client("bucket", small_parts(store)), pattern(std::size_t{11} << 20))), "server_error");
  EXPECT_EQ(store.uploads(), 0u);
  EXPECT_TRUE(store.objects().empty());
}

TEST(Client, AnUploadThatIsCancelledLeavesNothing) {
  FakeStore store;
  boost::asio::io_context io(1);
  boost::asio::cancellation_signal cancel;
  store.choose([&io, &cancel](std::uint64_t, const test::Received& request) {
    if (request.target().find("partNumber=2") != std::string::npos)
      boost::asio::post(io, [&cancel] { cancel.emit(boost::asio::cancellation_type::terminal); });
    return test::Fault::none;
  });
  const auto body = pattern(std::size_t{16} << 20);
  auto options = small_parts(store);
  Client client("bucket", options.concurrency(1));
  std::exception_ptr error;
  boost::asio::co_spawn(io, client.put_view("big", body),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&error](std::exception_ptr e, const ObjectInfo&) { error = e; }));
  io.run();
  ASSERT_TRUE(error);
  EXPECT_TRUE(test::Outcome::from(error).cancelled());
  EXPECT_EQ(store.uploads(), 0u);
  EXPECT_TRUE(store.objects().empty());
}

awaitable<void> old_uploads(Client client) {
  const auto count = co_await client.abort_uploads("dir/", std::chrono::system_clock::now());
  EXPECT_EQ(count, 2u);
}

TEST(Client, UploadsThatNobodyEnded) {
  FakeStore store;
  store.choose([](std::uint64_t, const test::Received& request) {
    const bool part = request.target().find("partNumber") != std::string::npos;
    return part || request.method() == "DELETE" ? test::Fault::internal : test::Fault::none;
  });
  auto options = small_parts(store);
  Client failing("bucket", options.retry(RetryOptions{}.max_attempts(1)));
  const auto body = pattern(std::size_t{11} << 20);
  for (const char* key : {"dir/a", "dir/b", "other"}) {
    const auto outcome = test::outcome_now([&] { run(failing.put_view(key, body)); });
    EXPECT_FALSE(outcome.ok());
  }
  EXPECT_EQ(store.uploads(), 3u);
  store.choose({});
  run(old_uploads(client_of(store)));
  EXPECT_EQ(store.uploads(), 1u);
}

awaitable<void> refused_input(Client client) {
  EXPECT_FAILS(client.put("", "x"), invalid_argument);
  EXPECT_FAILS(client.get(std::string(1025, 'k')), invalid_argument);
  EXPECT_FAILS(client.presign("GET", "k", std::chrono::hours(24 * 8)), invalid_argument);
  PutOptions bad;
  Metadata metadata;
  metadata.emplace_back("a", "line\r\nx-amz-acl: public-read");
  bad.metadata(metadata);
  EXPECT_FAILS(client.put("a", "x", bad), invalid_argument);
  RemoveOptions quote;
  quote.if_match("\"");
  EXPECT_FAILS(client.remove("a", quote), invalid_argument);
  EXPECT_FAILS(Client().get("a"), invalid_argument);
}

TEST(Client, RefusedInput) {
  FakeStore store;
  run(refused_input(client_of(store)));
  EXPECT_EQ(store.requests(), 0u);
}

awaitable<void> copy_large(Client client) {
  const auto copied = co_await client.copy("large", "copy");
  EXPECT_EQ(copied.size, std::uint64_t{90} << 20);
  EXPECT_NE(copied.etag.find("-2"), std::string::npos);
  CopyObjectOptions old;
  old.if_match("0123");
  EXPECT_FAILS(client.copy("large", "other", old), conflict);
}

TEST(Client, CopiesLargeObjectsInParts) {
  test::FakeStore store;
  const auto body = pattern(std::size_t{90} << 20);
  auto options = options_for(store);
  options.part_size(std::uint64_t{5} << 20);
  Client client("bucket", options);
  store.put("large", body);
  store.copies_at_most(std::size_t{10} << 20);
  run(copy_large(client));
  EXPECT_TRUE(store.objects().at("copy").bytes == body);
  EXPECT_EQ(store.uploads(), 0u);
  EXPECT_FALSE(store.objects().contains("other"));
  // A part that cannot be copied leaves nothing.
  store.choose([](std::uint64_t, const test::Received& request) {
    return request.target().find("partNumber=2") != std::string::npos ? test::Fault::internal : test::Fault::none;
  });
  const auto failed = test::outcome_now([&] { run(client.copy("large", "third")); });
  EXPECT_TRUE(test::fails_with(failed, errc::server_error));
  EXPECT_EQ(store.uploads(), 0u);
  EXPECT_FALSE(store.objects().contains("third"));
}

}  // namespace
}  // namespace weir::s3
