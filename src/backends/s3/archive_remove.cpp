#include "backends/s3/archive_write.hpp"
#include "net/task_group.hpp"

namespace weir::s3::detail {
namespace {

constexpr std::size_t removed_at_once = 500;
constexpr std::size_t removed_bytes_at_once = std::size_t{4} << 20;

/// Records of the archive, and what the source holds of them now.
struct Removal {
  Removal(ArchiveRunPointer of, std::vector<Record> all) : run(std::move(of)), archived(std::move(all)) {}
  const ArchiveRunPointer run;
  const std::vector<Record> archived;
  std::vector<std::optional<Record>> stored;
};

awaitable<void> remove_one(std::shared_ptr<Removal> removal, std::size_t index) {
  auto& stats = removal->run->stats;
  const auto& archived = removal->archived[index];
  const auto& stored = removal->stored[index];
  if (!stored) {
    ++stats.gone;
    co_return;
  }
  if (stored->fields != archived.fields || stored->metadata != archived.metadata) {
    ++stats.changed;
    co_return;
  }
  WriteOptions options;
  options.if_version(stored->version);
  bool changed = false;
  bool removed = false;
  try {
    removed = co_await removal->run->from.remove(archived.id, options);
  } catch (const Error& error) {
    if (error.kind() != errc::conflict) throw;
    changed = true;
  }
  ++(changed ? stats.changed : removed ? stats.removed : stats.gone);
}

}  // namespace

awaitable<void> remove_archived(ArchiveRunPointer run) {
  for (const auto& part : run->manifest.parts) {
    PartReader reader(run->place, run->manifest.packing, part);
    for (;;) {
      auto some = co_await reader.next(CallLimits(), removed_at_once, removed_bytes_at_once);
      if (some.empty()) break;
      auto removal = std::make_shared<Removal>(run, std::move(some));
      std::vector<std::string> ids;
      ids.reserve(removal->archived.size());
      for (const auto& record : removal->archived) ids.push_back(record.id);
      removal->stored = co_await run->from.read_batch(std::move(ids));
      const std::function<awaitable<void>(std::size_t)> each = [removal](std::size_t index) {
        return remove_one(removal, index);
      };
      co_await net::for_each_index(removal->archived.size(), run->options.concurrency(), each);
      run->report();
    }
  }
}

}  // namespace weir::s3::detail
