// pg-7: a whole table, piece by piece: as Records, as rows through a cursor, as rows by COPY.
//
//   postgresql_stream_bench records|cursor|copy SECONDS [PAUSE]     PAUSE: 1 ms after every 1,000
#include "postgresql_common.hpp"

#include <endian.h>

#include <cstring>
#include <fstream>

namespace {

struct Work {
  weir::AsyncDatabase db;
  bool pause = false;
  std::size_t done = 0;
  std::size_t sum = 0;
  std::size_t most_memory = 0;
};

std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t pages = 0;
  file >> size >> pages;
  return pages * 4096;
}

weir::awaitable<void> counted(Work* work, std::size_t rows) {
  const auto before = work->done / 1000;
  work->done += rows;
  if (!work->pause || work->done / 1000 == before) co_return;
  work->most_memory = std::max(work->most_memory, resident());
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, std::chrono::milliseconds(1));
  co_await timer.async_wait(boost::asio::use_awaitable);
}

weir::awaitable<void> by_records(Work* work) {
  auto stream = work->db.stream(weir::Query());
  for (;;) {
    const auto records = co_await stream.next_batch();
    if (records.empty()) co_return;
    for (const auto& record : records) work->sum += record.fields.size();
    co_await counted(work, records.size());
  }
}

weir::awaitable<void> by_cursor(Work* work) {
  auto tx = co_await work->db.begin();
  auto sql = tx.native<weir::PostgresTransaction>();
  co_await sql.execute("DECLARE c NO SCROLL CURSOR FOR SELECT id, name, score, ts FROM bench_narrow");
  for (;;) {
    const auto rows = co_await sql.query("FETCH 1000 FROM c");
    if (rows.empty()) break;
    for (const auto& row : rows)
      work->sum += static_cast<std::size_t>(row.get<std::int32_t>(0)) + row.get<std::string>(1).size() +
                   static_cast<std::size_t>(row.get<double>(2));
    co_await counted(work, rows.size());
  }
  co_await tx.commit();
}

// Rows of the binary format (https://www.postgresql.org/docs/15/sql-copy.html); pieces hold whole rows.
std::size_t parse(const std::string& piece, bool first, std::size_t& sum) {
  std::size_t rows = 0;
  std::size_t at = first ? 19 : 0;
  while (at + 2 <= piece.size()) {
    std::uint16_t fields = 0;
    std::memcpy(&fields, piece.data() + at, 2);
    at += 2;
    if (fields == 0xffff) break;
    for (int i = be16toh(fields); i > 0; --i) {
      std::uint32_t length = 0;
      std::memcpy(&length, piece.data() + at, 4);
      length = be32toh(length);
      sum += static_cast<unsigned char>(piece[at + 4]);
      at += 4 + length;
    }
    ++rows;
  }
  return rows;
}

weir::awaitable<void> by_copy(Work* work) {
  auto sql = work->db.native<weir::PostgresDatabase>();
  auto out = co_await sql.copy_out("COPY (SELECT id, name, score, ts FROM bench_narrow) TO STDOUT (FORMAT binary)");
  bool first = true;
  for (;;) {
    const auto piece = co_await out.next();
    if (!piece) co_return;
    const auto rows = parse(*piece, std::exchange(first, false), work->sum);
    co_await counted(work, rows);
  }
}

weir::awaitable<void> measure(std::string mode, double seconds, bool pause) {
  Work work;
  work.db = co_await weir::AsyncDatabase::open(bench::postgres_url("table=bench_documents"));
  work.pause = pause;
  const auto once = mode == "records" ? &by_records : mode == "cursor" ? &by_cursor : &by_copy;
  const auto warm = co_await work.db.read(bench::key(1));
  if (!warm) std::abort();
  const auto before = resident();
  work.most_memory = before;
  const bench::Stopwatch watch;
  do {
    co_await once(&work);
  } while (watch.seconds() < seconds);
  const auto grown = static_cast<double>(std::max(work.most_memory, resident()) - before) / (1 << 20);
  bench::report("weir", "stream_" + mode, static_cast<double>(work.done), watch,
                ",\"grown_MiB\":" + std::to_string(grown));
  if (work.done % bench::row_count != 0) std::abort();
  co_await work.db.close();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  bench::run(measure(arguments[1], std::atof(arguments[2]), count > 3));
}
