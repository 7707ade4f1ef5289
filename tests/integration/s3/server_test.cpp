// The client on real servers.
#include "integration/s3/fixture.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

namespace weir::s3 {
namespace {

using test::run;

INSTANTIATE_TEST_SUITE_P(S3, OnServer, testing::Values("versitygw", "minio"), server_name);

awaitable<void> there_and_back(Client client) {
  PutOptions options;
  Metadata metadata;
  metadata.emplace_back("colour", "blue");
  options.content_type("text/plain").metadata(metadata);
  const auto put = co_await client.put("dir/a b+c.txt", "hello", options);
  const auto got = co_await client.get("dir/a b+c.txt");
  if (!got) co_return ADD_FAILURE() << "absent";
  EXPECT_EQ(got->body.view(), "hello");
  EXPECT_EQ(got->info.etag, put.etag);
  EXPECT_EQ(got->info.content_type, "text/plain");
  EXPECT_EQ(got->info.metadata.at("colour"), "blue");
  EXPECT_FALSE(got->info.checksum.empty()) << "the store keeps the checksum";
  GetOptions middle;
  middle.offset(1).length(3);
  const auto part = co_await client.get("dir/a b+c.txt", middle);
  EXPECT_TRUE(part && part->body.view() == "ell" && part->info.size == 5);
  co_await client.copy("dir/a b+c.txt", "copy");
  const auto copied = co_await client.head("copy");
  EXPECT_TRUE(copied && copied->size == 5 && copied->metadata.at("colour") == "blue");
  std::vector<ObjectTag> tags;
  tags.emplace_back("k", "v w");
  co_await client.set_tags("copy", tags);
  const auto read = co_await client.tags("copy");
  EXPECT_TRUE(read.size() == 1 && read[0].key == "k" && read[0].value == "v w");
  co_await client.remove("copy");
  const auto gone = co_await client.get("copy");
  EXPECT_FALSE(gone.has_value());
  const auto no_head = co_await client.head("copy");
  EXPECT_FALSE(no_head.has_value());
  EXPECT_TRUE(co_await client.bucket_exists());
}

TEST_P(OnServer, ThereAndBack) { run(there_and_back(client_)); }

awaitable<void> conditions(Client client) {
  PutOptions absent;
  absent.only_if_absent(true);
  const auto first = co_await client.put("a", "1", absent);
  EXPECT_FAILS(client.put("a", "2", absent), already_exists);
  PutOptions same;
  same.if_match(first.etag);
  co_await client.put("a", "3", same);
  EXPECT_FAILS(client.put("a", "4", same), conflict);
  EXPECT_FAILS(client.put("b", "4", same), not_found);
  GetOptions old;
  old.if_match(first.etag);
  EXPECT_FAILS(client.get("a", old), conflict);
  co_await client.removes_conditionally("p/");
  const auto page = co_await client.list();
  EXPECT_EQ(page.objects.size(), 1u) << "the probe is gone";
}

TEST_P(OnServer, Conditions) { run(conditions(client_)); }

class Collect final : public ObjectSink {
 public:
  awaitable<void> write(std::span<const char> bytes) override {
    text.append(bytes.data(), bytes.size());
    co_return;
  }
  std::string text;
};

awaitable<void> in_parts(Client client) {
  std::string body((std::size_t{11} << 20) + 77, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761U >> 13U);
  const auto put = co_await client.put_view("big", body);
  EXPECT_NE(put.etag.find('-'), std::string::npos);
  auto sink = std::make_shared<Collect>();
  const auto info = co_await client.download("big", sink);
  EXPECT_EQ(info.size, body.size());
  EXPECT_TRUE(sink->text == body);
  const auto uploads = co_await client.abort_uploads("", std::chrono::system_clock::now() + std::chrono::hours(1));
  EXPECT_EQ(uploads, 0u);
}

TEST_P(OnServer, LargeObjectsInParts) {
  auto options = options_;
  run(in_parts(Client(bucket_, options.part_size(std::uint64_t{5} << 20))));
}

awaitable<void> keys(Client client) {
  // What a file system takes as well; records need no more.
  const std::vector<std::string> odd{"a&b<c>\"d", "a+b", "a%2Fb", "a b", "é/日本", "x!20y", "a=b;c", "~", "(1)", "a'b"};
  for (const auto& key : odd) co_await client.put(key, key);
  std::vector<std::string> found;
  ListOptions options;
  options.max_keys(3);
  do {
    const auto page = co_await client.list(options);
    for (const auto& object : page.objects) found.push_back(object.key);
    options.continue_from(page.next);
  } while (!options.continue_from().empty());
  auto expected = odd;
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, expected);
  for (const auto& key : odd) {
    const auto got = co_await client.get(key);
    EXPECT_TRUE(got && got->body.view() == key) << key;
  }
}

TEST_P(OnServer, OddKeys) { run(keys(client_)); }

awaitable<int> fetch(std::string url, std::string method, std::string body, std::string* answer) {
  const auto path = url.find('/', url.find("://") + 3);
  const http::Client client(url.substr(0, path), http::ClientOptions{}.proxy("off"));
  http::Request request(std::move(method), url.substr(path));
  request.body(std::move(body));
  auto response = co_await client.send(std::move(request));
  *answer = response.body.to_string();
  co_return response.status;
}

awaitable<void> presigned(Client client) {
  const auto put = co_await client.presign("PUT", "dir/shared file", std::chrono::minutes(5));
  std::string answer;
  EXPECT_EQ(co_await fetch(put, "PUT", "by a stranger", &answer), 200) << answer;
  const auto get = co_await client.presign("GET", "dir/shared file", std::chrono::minutes(5));
  EXPECT_EQ(co_await fetch(get, "GET", "", &answer), 200) << answer;
  EXPECT_EQ(answer, "by a stranger");
  auto other = get;
  other.replace(other.find("shared"), 6, "secret");
  EXPECT_EQ(co_await fetch(other, "GET", "", &answer), 403);
}

TEST_P(OnServer, PresignedUrls) { run(presigned(client_)); }

awaitable<void> hosts(Client client) {
  co_await client.put("a/b c", "by host");
  const auto got = co_await client.get("a/b c");
  EXPECT_TRUE(got && got->body.view() == "by host");
  const auto page = co_await client.list();
  EXPECT_EQ(page.objects.size(), 1u);
}

TEST_P(OnServer, TheBucketInTheHostName) {
  auto options = options_;
  run(hosts(Client(bucket_, options.addressing("virtual"))));
}

awaitable<void> strangers(Client client) {
  const auto outcome = co_await test::outcome_of([&] { return client.get("a"); });
  EXPECT_TRUE(test::fails_with(outcome, errc::authentication_failed));
  EXPECT_EQ(outcome.text().find("wrong-secret"), std::string::npos);
}

TEST_P(OnServer, WrongKeys) {
  auto options = options_;
  run(strangers(Client(bucket_, options.secret_access_key("wrong-secret"))));
}

TEST_P(OnServer, AWrongClock) {
  for (const int hours : {-1, 1}) {
    auto options = options_;
    options.clock([hours] { return std::chrono::system_clock::now() + std::chrono::hours(hours); });
    Client wrong(bucket_, options);
    run(wrong.put("a", "x"));
    EXPECT_EQ(wrong.client_stats().healed, 1u);
  }
}

TEST_P(OnServer, AWrongRegion) {
  auto options = options_;
  Client elsewhere(bucket_, options.region("eu-central-1"));
  run(elsewhere.put("a", "x"));
  EXPECT_EQ(elsewhere.client_stats().healed, 1u);
  run(elsewhere.put("b", "x"));
  EXPECT_EQ(elsewhere.client_stats().healed, 1u) << "it is remembered";
}

/// What the shell prints.
std::string printed(const std::string& command, int* status) {
  std::FILE* const pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): the words are the test's own
  std::string out;
  std::array<char, 4096> buffer{};
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe)) out.append(buffer.data(), size);
  *status = pclose(pipe);
  return out;
}

TEST_P(OnServer, PresignedUrlsWithCurl) {
  const auto put = run(client_.presign("PUT", "dir/a b+ü.txt", std::chrono::minutes(5)));
  const auto get = run(client_.presign("GET", "dir/a b+ü.txt", std::chrono::minutes(5)));
  const std::string curl = "curl -sS -m 10 --noproxy '*' -w '%{http_code}' ";
  int status = -1;
  EXPECT_EQ(printed(curl + "-X PUT --data-binary 'by curl' -H 'Content-Type: text/plain' '" + put + "'", &status),
            "200");
  EXPECT_EQ(printed(curl + "'" + get + "'", &status), "by curl200");
  EXPECT_EQ(status, 0);
  EXPECT_EQ(printed(curl + "-o /dev/null '" + put + "'", &status), "403") << "signed for PUT only";
  const auto got = run(client_.get("dir/a b+ü.txt"));
  EXPECT_TRUE(got && got->body.view() == "by curl");
}

}  // namespace
}  // namespace weir::s3
