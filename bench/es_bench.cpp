// The Elasticsearch backend against a server that does nothing else (peers/net/null_server.cpp), or a real one.
//
//   es_bench requests PORT SECONDS        documents as text, requests of 5 MB put together here and sent as they are
//   es_bench texts PORT SECONDS           the same through the bulk engine: every item has its own end
//   es_bench records PORT SECONDS         the same documents as Records, by upsert_batch of 40,000: two requests
//   es_bench search PORT TASKS SECONDS    10 hits as Records
//   es_bench seed PORT SECONDS            one document; 100 of them; a search of three filters, a range and an order
//   es_bench rejected PORT                100,000 Records, of which the server refuses one in ten with 429
//   es_bench killed PORT,PORT,PORT        100,000 Records in requests of 1,000 to three nodes, of which one dies
//   es_bench real PORT INDEX              100,000 Records in, a search, out again whole and in 4 slices
#include "backends/elasticsearch/bulk_run.hpp"
#include "count_allocations.hpp"
#include "measure.hpp"

#include <weir/elasticsearch.hpp>
#include <weir/weir.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace es = weir::elasticsearch;
using Clock = std::chrono::steady_clock;

constexpr std::size_t request_size = 5'000'000;
constexpr int in_flight = 2;

const std::string& document() {
  static const std::string text =
      R"({"name":"name-1","value":1,"score":0.5,"tags":["a","b","c"],"text":")" + std::string(64, 'x') + R"("})";
  return text;
}

// "b" is the index that the null server has: bare documents, which are found again in order by their field `id`.
std::string url(const std::string& port, const std::string& index = "b", bool with_key = false,
                const std::string& bulk_actions = "100000") {
  return "elasticsearch+http://127.0.0.1:" + port + "/" + index + "?bulk_size=5000000&bulk_actions=" + bulk_actions +
         "&bulk_concurrency=2&max_size=64&proxy=off&timeout=0" + (with_key ? "&key_field=id" : "");
}

// "1,2,3" as hosts of a URL, behind the first one's name.
std::string hosts(std::string_view ports) {
  std::string out;
  for (const char c : ports) out += c == ',' ? std::string(",127.0.0.1:") : std::string(1, c);
  return out;
}

struct Work {
  weir::AsyncDatabase db;
  Clock::time_point stop;
  std::uint64_t most = 0;
  std::uint64_t operations = 0;
  bool over() const { return operations >= most || Clock::now() >= stop; }
};

weir::awaitable<void> send_requests(Work* work) {
  const auto native = work->db.native<weir::ElasticsearchDatabase>();
  std::uint64_t id = 0;
  while (!work->over()) {
    std::string body;
    body.reserve(request_size);
    std::uint64_t count = 0;
    for (; body.size() + document().size() + 64 < request_size; ++count)
      body.append(R"({"index":{"_id":")").append(std::to_string(id++)).append("\"}}\n").append(document()).append("\n");
    const auto answer = co_await native.request("POST", "/b/_bulk?filter_path=errors,items.*.error", std::move(body));
    if (answer.status != 200 || answer.body.view().find("\"errors\":false") == std::string_view::npos) std::abort();
    work->operations += count;
  }
}

weir::awaitable<void> run_texts(es::LinkPtr link, Work* work) {
  es::BulkSettings settings;
  settings.most_items = 100'000;
  settings.concurrency = in_flight;
  while (!work->over()) {
    std::vector<es::BulkAction> actions(200'000);
    for (std::size_t i = 0; i < actions.size(); ++i) {
      actions[i].id = std::to_string(i);
      actions[i].source = document();
      actions[i].item = i;
    }
    const auto outcome = co_await es::run_bulk(link, std::move(actions), settings);
    if (outcome.done.size() != 200'000) std::abort();
    work->operations += outcome.done.size();
  }
}

weir::Record record(std::size_t number) {
  weir::Json fields = weir::Json::object();
  fields["name"] = "name-1";
  fields["value"] = 1;
  fields["score"] = 0.5;
  fields["tags"] = weir::Json::array({"a", "b", "c"});
  fields["text"] = std::string(64, 'x');
  return weir::Record(std::move(fields)).with_id(std::to_string(number));
}

weir::awaitable<void> store_records(Work* work) {
  while (!work->over()) {
    std::vector<weir::Record> records;
    records.reserve(40'000);
    for (std::size_t i = 0; i < 40'000; ++i) records.push_back(record(i));
    const auto result = co_await work->db.upsert_batch(std::move(records));
    if (!result.errors.empty()) std::abort();
    work->operations += result.succeeded();
  }
}

weir::awaitable<void> search(Work* work) {
  const auto query =
      weir::Query{}
          .where(weir::field("name") == "name-1" && weir::field("value") >= 1 && weir::field("value") < 11)
          .limit(10);
  while (!work->over()) {
    const auto found = co_await work->db.search(query);
    if (found.size() != 10) std::abort();
    ++work->operations;
  }
}

weir::awaitable<void> search_complex(Work* work) {
  const auto query = weir::Query{}
                         .where(weir::field("name") == "name-1" && weir::field("tags") == "a" &&
                                weir::field("score") == 0.5 && weir::field("value") >= 1 && weir::field("value") < 10)
                         .order_by("value", weir::Order::desc)
                         .limit(10);
  while (!work->over()) {
    const auto found = co_await work->db.search(query);
    if (found.size() != 10) std::abort();
    ++work->operations;
  }
}

weir::awaitable<void> store_one(Work* work) {
  while (!work->over()) {
    co_await work->db.upsert(record(1));
    ++work->operations;
  }
}

weir::awaitable<void> store_hundred(Work* work) {
  while (!work->over()) {
    std::vector<weir::Record> records;
    for (std::size_t i = 0; i < 100; ++i) records.push_back(record(i));
    const auto result = co_await work->db.upsert_batch(std::move(records));
    if (!result.errors.empty()) std::abort();
    ++work->operations;
  }
}

weir::awaitable<void> count_all(weir::AsyncDatabase db, unsigned part, unsigned parts, std::uint64_t* total) {
  weir::StreamOptions options;
  if (parts > 1) options.partition(weir::Partition(part, parts));
  auto records = db.stream(weir::Query{}, options);
  while (co_await records.next()) ++*total;
}

class Bench {
 public:
  explicit Bench(std::string url) : url_(std::move(url)) { run(open(this)); }
  Work& work() { return work_; }
  void start(weir::awaitable<void> task) {
    boost::asio::co_spawn(io_, std::move(task), [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    });
  }
  void run(weir::awaitable<void> task) {
    start(std::move(task));
    finish();
  }
  void finish() {
    io_.restart();
    io_.run();
  }
  void until(double seconds, std::uint64_t most) {
    work_.operations = 0;
    work_.most = most;
    work_.stop = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  }
  void measure(const char* name, double seconds, int tasks, const std::function<weir::awaitable<void>()>& task) {
    until(60, 200);
    for (int i = 0; i < tasks; ++i) start(task());
    finish();
    until(bench::seconds_for(seconds), bench::most_operations());
    const auto before = bench::allocations();
    const bench::Stopwatch watch;
    for (int i = 0; i < tasks; ++i) start(task());
    finish();
    const auto allocated = static_cast<double>(bench::allocations() - before) / static_cast<double>(work_.operations);
    bench::report("weir", name, static_cast<double>(work_.operations), watch,
                  ",\"allocations_op\":" + std::to_string(allocated));
  }
  void close() { run(close_database(this)); }

 private:
  static weir::awaitable<void> open(Bench* self) { self->work_.db = co_await weir::AsyncDatabase::open(self->url_); }
  static weir::awaitable<void> close_database(Bench* self) { co_await self->work_.db.close(); }

  std::string url_;
  boost::asio::io_context io_{1};
  Work work_;
};

weir::awaitable<void> fill(Work* work) {
  std::vector<weir::Record> records;
  for (std::size_t i = 0; i < 100'000; ++i) {
    auto one = record(i);
    one.fields["value"] = i;
    records.push_back(std::move(one));
  }
  const auto result =
      co_await work->db.upsert_batch(std::move(records), weir::BatchOptions{}.refresh(weir::Refresh::now));
  if (!result.errors.empty()) std::abort();
}

weir::awaitable<void> remove_index(Work* work, std::string index) {
  const auto native = work->db.native<weir::ElasticsearchDatabase>();
  const auto answer = co_await native.request("DELETE", "/" + index);
  if (answer.status != 200) std::abort();
}

weir::awaitable<void> store_in_spite(Work* work, std::uint64_t* failed) {
  std::vector<weir::Record> records;
  for (std::size_t i = 0; i < 100'000; ++i) records.push_back(record(i));
  const auto result = co_await work->db.upsert_batch(std::move(records));
  *failed = result.errors.size();
}

weir::awaitable<void> ask_stored(Work* work, weir::Json* out) {
  const auto native = work->db.native<weir::ElasticsearchDatabase>();
  const auto answer = co_await native.request("GET", "/_stored");
  *out = weir::Json::parse(answer.body.view());
}

// Nothing lost, by the server's own count; `twice` are items that were sent again because nobody knew of them.
void in_spite_of_faults(const char* name, Bench& bench) {
  std::uint64_t failed = 0;
  weir::Json stored;
  bench.run(ask_stored(&bench.work(), &stored));
  const bench::Stopwatch watch;
  bench.run(store_in_spite(&bench.work(), &failed));
  const auto seconds = watch.seconds();
  const auto cpu = watch.cpu_seconds();
  bench.run(ask_stored(&bench.work(), &stored));
  const auto ids = stored.at("ids").get<std::uint64_t>(), items = stored.at("items").get<std::uint64_t>();
  std::printf(
      "{\"peer\":\"weir\",\"case\":\"%s\",\"ops_s\":%.0f,\"client_cpu_us_op\":%.4f,\"failed\":%llu,"
      "\"lost\":%llu,\"twice\":%llu}\n",
      name, 1e5 / seconds, cpu / 1e5 * 1e6, static_cast<unsigned long long>(failed),
      static_cast<unsigned long long>(100'000 - ids), static_cast<unsigned long long>(items - ids));
}

void real(Bench& bench) {
  {
    const bench::Stopwatch watch;
    bench.run(fill(&bench.work()));
    bench::report("weir", "es_real_bulk", 100'000, watch);
  }
  auto& work = bench.work();
  bench.measure("es_real_search", 2, 8, [&] { return search(&work); });
  for (const unsigned parts : {1U, 4U}) {
    std::uint64_t total = 0;
    const bench::Stopwatch watch;
    for (unsigned part = 0; part < parts; ++part) bench.start(count_all(work.db, part, parts, &total));
    bench.finish();
    if (total != 100'000) std::abort();
    bench::report("weir", "es_real_stream_" + std::to_string(parts), static_cast<double>(total), watch);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const std::string mode = arguments[1];
  if (mode == "rejected") {
    Bench bench(url(arguments[2]));
    in_spite_of_faults("es_rejected", bench);
    bench.close();
    return 0;
  }
  if (mode == "killed") {
    Bench bench(url(hosts(arguments[2]), "b", false, "1000"));
    in_spite_of_faults("es_killed", bench);
    bench.close();
    return 0;
  }
  if (count < 4) return 2;
  if (mode == "real") {
    Bench bench(url(arguments[2], arguments[3]));
    real(bench);
    bench.run(remove_index(&bench.work(), arguments[3]));
    bench.close();
    return 0;
  }
  Bench bench(url(arguments[2], "b", mode == "search" || mode == "seed"));
  auto& work = bench.work();
  const double seconds = std::atof(arguments[mode == "search" && count > 4 ? 4 : 3]);
  if (mode == "requests") {
    bench.measure("es_bulk_requests", seconds, in_flight, [&] { return send_requests(&work); });
  } else if (mode == "texts") {
    const auto config = weir::Config::from_url(url(arguments[2]));
    const auto link = std::make_shared<es::Link>(es::read_settings(config));
    bench.measure("es_bulk_texts", seconds, 1, [&] { return run_texts(link, &work); });
  } else if (mode == "records") {
    bench.measure("es_bulk_records", seconds, 1, [&] { return store_records(&work); });
  } else if (mode == "search") {
    bench.measure("es_search", seconds, std::atoi(arguments[3]), [&] { return search(&work); });
  } else if (mode == "seed") {
    bench.measure("es_single", seconds, 1, [&] { return store_one(&work); });
    bench.measure("es_bulk100", seconds, 1, [&] { return store_hundred(&work); });
    bench.measure("es_complex", seconds, 1, [&] { return search_complex(&work); });
  } else {
    return 2;
  }
  bench.close();
  return 0;
}
