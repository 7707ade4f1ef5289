// Records, archives and what is not ours, on real servers.
#include "integration/s3/fixture.hpp"

#include <weir/database.hpp>
#include <weir/s3_archive.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace weir::s3 {
namespace {

using test::run;

class RecordsOnServer : public OnServer {};
INSTANTIATE_TEST_SUITE_P(S3, RecordsOnServer, testing::Values("versitygw", "minio"), server_name);

/// Records of this server: in the test's own bucket, under a prefix.
std::string records_url(const ClientOptions& options, const std::string& bucket, const std::string& more) {
  auto url = "s3://" + bucket + "/people/?endpoint_url=" + options.endpoint_url() + "&region=" + options.region();
  url += "&access_key_id=" + options.access_key_id() + "&secret_access_key=" + options.secret_access_key();
  return url + "&addressing=path&proxy=off" + more;
}

std::vector<std::string> odd_ids() {
  std::vector<std::string> ids{
      "a/b", "a",         "..", ".",    "../x",    "%2F",    "a%2Fb",    "//",          "/",    "a//b",  "/a", "a/",
      " ",   "  a ",      "😀", "é",    "e\u0301", "a.json", "a.json/b", "a.json.json", "CON",  "x!20y", "~",  "~abc",
      "a+b", "a&b=c?d#e", "\\", "a\\b", "\"",      "\n",     "\t",       "\x01",        "\x7f", "日本語"};
  ids.push_back(std::string(512, 'a'));
  ids.push_back(std::string(511, 'a') + "/");
  ids.push_back(std::string(512, ' '));
  std::string emoji;
  for (int i = 0; i < 128; ++i) emoji += "😀";
  ids.push_back(emoji);
  for (const std::size_t size : {196U, 200U, 255U, 256U}) ids.push_back(std::string(size, 'k'));
  return ids;
}

awaitable<void> ids_of_any_bytes(AsyncDatabase db) {
  const auto ids = odd_ids();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Record one;
    one.id = ids[i];
    one.fields["i"] = i;
    co_await db.create(std::move(one));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto read = co_await db.read(ids[i]);
    EXPECT_TRUE(read && read->id == ids[i] && read->get<std::size_t>("i") == i) << ids[i];
  }
  auto expected = ids;
  std::sort(expected.begin(), expected.end());
  std::vector<std::string> found;
  for (const auto& one : co_await db.search(Query())) found.push_back(one.id);
  EXPECT_EQ(found, expected);
  for (const auto& one : ids) EXPECT_TRUE(co_await db.remove(one)) << one;
  EXPECT_EQ(co_await db.count(), 0u);
}

TEST_P(RecordsOnServer, IdsOfAnyBytes) {
  auto db = run(AsyncDatabase::open(records_url(options_, bucket_, "")));
  run(ids_of_any_bytes(db));
}

awaitable<void> foreign_objects(AsyncDatabase db, Client client) {
  const std::vector<std::string> theirs{"people/readme.txt", "people/x.json", "people/sub/y.json", "people/z",
                                        "people-more/a.json"};
  for (const auto& key : theirs) co_await client.put(key, "{\"of\": \"others\"}");
  Record one;
  one.id = "a";
  co_await db.create(one);
  EXPECT_EQ((co_await db.search(Query())).size(), 1u);
  const auto read = co_await db.read("x");
  EXPECT_FALSE(read.has_value());
  one.id = "x";
  EXPECT_FAILS(db.create(one), already_exists);
  EXPECT_EQ(co_await db.remove_where(Query()), 1u);
  for (const auto& key : theirs) {
    const auto kept = co_await client.get(key);
    EXPECT_TRUE(kept && kept->body.view() == "{\"of\": \"others\"}") << key;
  }
}

TEST_P(RecordsOnServer, ObjectsOfOthersAreLeftAlone) {
  auto db = run(AsyncDatabase::open(records_url(options_, bucket_, "")));
  run(foreign_objects(db, client_));
}

awaitable<void> archive_and_empty(AsyncDatabase from, AsyncDatabase packed, Client client) {
  std::vector<Record> records;
  for (int i = 0; i < 20'000; ++i) {
    Record one;
    one.id = "id-" + std::to_string(100'000 + i);
    one.fields["n"] = i;
    one.fields["noise"] = std::to_string(static_cast<std::uint32_t>(i) * 2654435761U);
    records.push_back(std::move(one));
  }
  const auto made = co_await from.create_batch(std::move(records));
  EXPECT_EQ(made.succeeded(), 20'000u);
  ArchiveOptions options;
  options.part_size(100'000).remove_source(true);
  const auto stats = co_await archive(from, Query(field("n") < 19'990), client, "attic", options);
  EXPECT_EQ(stats.removed, 19'990u);
  EXPECT_GT(stats.parts, 1u);
  EXPECT_EQ(co_await from.count(), 10u);
  EXPECT_EQ(co_await packed.count(), 19'990u);
  const auto one = co_await packed.read("id-112345");
  EXPECT_TRUE(one && one->get<int>("n") == 12'345);
  EXPECT_FAILS(archive(from, Query(), client, "attic", options), already_exists);
}

/// Lines of a part, by tools that know nothing of weir.
int lines_by_other_tools(const std::string& url) {
  const auto command = "curl -sS -m 20 --noproxy '*' '" + url + "' | zstdcat | grep -c '\"fields\"'";
  std::FILE* const pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): the words are the test's own
  int lines = 0;
  EXPECT_EQ(std::fscanf(pipe, "%d", &lines), 1);  // NOLINT(cert-err34-c)
  EXPECT_EQ(pclose(pipe), 0);
  return lines;
}

TEST_P(RecordsOnServer, AnArchive) {
  auto from = run(AsyncDatabase::open("memory:of-" + bucket_));
  auto url = records_url(options_, bucket_, "&layout=archive");
  url.replace(url.find("/people/"), 8, "/attic/");
  auto packed = run(AsyncDatabase::open(url));
  run(archive_and_empty(from, packed, client_));
  if (std::system("command -v zstdcat curl >/dev/null 2>&1") != 0) return;  // NOLINT
  int lines = 0;
  for (const auto& object : run(client_.list(ListOptions{}.prefix("attic/part-"))).objects)
    lines += lines_by_other_tools(run(client_.presign("GET", object.key, std::chrono::minutes(5))));
  EXPECT_EQ(lines, 19'990);
}

}  // namespace
}  // namespace weir::s3
