#include "api/copy_run.hpp"
#include "policy/same_content.hpp"

#include <unordered_set>

namespace weir::detail {
namespace {

[[noreturn]] void differs(const std::string& id, const char* how) {
  throw Error(errc::conflict, "verification: record \"" + id + "\" " + how, ErrorContext{}.operation("copy"));
}

}  // namespace

awaitable<void> verify_partition(std::shared_ptr<CopyRun> run, std::size_t partition) {
  const std::unordered_set<std::string> rejected(run->checkpoint.rejected.begin(), run->checkpoint.rejected.end());
  const bool skips = run->options.on_conflict() == OnConflict::skip;
  CopyReader reader(run, partition, std::nullopt);
  for (;;) {
    const auto chunk = co_await reader.next();
    if (chunk.empty()) co_return;
    std::vector<std::string> ids;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < chunk.records.size(); ++i) {
      if (rejected.contains(chunk.source_ids[i])) continue;
      ids.push_back(chunk.records[i].id);
      places.push_back(i);
    }
    if (ids.empty()) continue;
    const auto stored = co_await run->to.read_batch(std::move(ids));
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto& wanted = chunk.records[places[i]];
      if (!stored.at(i)) differs(wanted.id, "is not in the target");
      // With `skip` a record that was there before rightly stays as it was.
      if (!skips && !policy::same_content(wanted, *stored[i])) differs(wanted.id, "is stored with another content");
    }
  }
}

}  // namespace weir::detail
