#include "cli/commands/record_pump.hpp"

#include "cli/failure.hpp"

#include <algorithm>

namespace weir::cli {

RecordStream RecordPump::stream() const {
  auto options = StreamOptions{};
  if (program_.arguments.partition) options.partition(*program_.arguments.partition);
  return database_.stream(query_, options);
}

// Only for the progress bar: a store that counts slowly is asked no more than that.
awaitable<void> RecordPump::find_total() {
  if (!shows_progress_ || program_.arguments.quiet || program_.arguments.partition) co_return;
  if (!Terminal::of(2).is_terminal()) co_return;
  auto total = co_await database_.count(query_);
  total -= std::min<std::uint64_t>(total, query_.offset());
  if (query_.limit()) total = std::min<std::uint64_t>(total, *query_.limit());
  total_ = total;
}

void RecordPump::count(std::uint64_t records, std::uint64_t passes_done) {
  if (!shows_progress_) return;
  Standing standing;
  standing.records = records;
  const std::uint64_t passes = format_ == Format::csv ? 2 : 1;
  if (total_ && *total_ > 0)
    standing.share = (static_cast<double>(records) / static_cast<double>(*total_) + static_cast<double>(passes_done)) /
                     static_cast<double>(passes);
  program_.messages.progress(standing);
}

awaitable<void> RecordPump::find_columns() {
  auto records = stream();
  std::uint64_t seen = 0;
  for (;;) {
    const auto batch = co_await records.next_batch();
    if (batch.empty()) break;
    for (const auto& record : batch) printer_.look_at(record);
    count(seen += batch.size(), 0);
  }
  co_await records.close();
}

awaitable<void> RecordPump::run() {
  co_await find_total();
  if (format_ == Format::csv) co_await find_columns();
  printer_.begin();
  auto records = stream();
  for (;;) {
    const auto batch = co_await records.next_batch();
    if (batch.empty()) break;
    for (const auto& record : batch) printer_.print(record);
    output_.flush();
    count(printer_.printed(), format_ == Format::csv ? 1 : 0);
  }
  co_await records.close();
  program_.messages.end_progress();
  printer_.end();
}

}  // namespace weir::cli
