// remove_where and patch_where: read, and write each document only as it was seen.
#include "backends/elasticsearch/backend.hpp"
#include "backends/elasticsearch/bulk_run.hpp"
#include "backends/elasticsearch/pages.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "core/merge_patch.hpp"

#include <utility>

namespace weir::elasticsearch {
namespace {

constexpr std::size_t page_records = 1'000;
// Documents that others keep changing are looked at again so often.
constexpr int most_rounds = 100;

struct Changed {
  Changed() = default;
  std::uint64_t count = 0;
  std::vector<std::string> conflicts;  ///< changed by somebody else after they were read
};

awaitable<std::vector<BulkAction>> actions_for(LinkPtr link, std::vector<Record> records,
                                               std::shared_ptr<const Json> patch, TimePoint deadline) {
  std::vector<BulkAction> out;
  out.reserve(records.size());
  for (auto& record : records) {
    BulkAction action;
    action.action = patch ? BulkRequest::Action::index : BulkRequest::Action::remove;
    action.id = record.id;
    action.item = out.size();
    action.only_if = parse_version(record.version);
    if (!action.only_if) throw Error(errc::protocol_error, "the answer holds a document without its version");
    if (patch) {
      core::merge_patch(record.fields, *patch);
      action.source = co_await source_of(link, std::move(record), deadline);
    }
    out.push_back(std::move(action));
  }
  co_return out;
}

awaitable<Changed> change_once(LinkPtr link, CallContext context, Query query, std::shared_ptr<const Json> patch,
                               std::vector<std::string> only_ids) {
  CursorOptions options;
  options.batch_size = page_records;
  options.sources = patch != nullptr;
  options.one_deadline = true;
  options.only_ids = std::move(only_ids);
  StreamSource source(link, context, std::move(query), options);
  BulkSettings bulk;
  bulk.collect = true;
  bulk.concurrency = link->settings.bulk_concurrency;
  bulk.most_items = link->settings.bulk_actions;
  bulk.deadline = context.deadline;
  Changed out;
  for (;;) {
    auto page = co_await source.next_batch();
    if (page.empty()) break;
    auto actions = co_await actions_for(link, std::move(page), patch, context.deadline);
    auto outcome = co_await run_bulk(link, std::move(actions), bulk);
    out.count += outcome.done.size();
    for (auto& item : outcome.errors) {
      if (item.error.kind() != errc::conflict) throw item.error.with_maybe_applied(true);
      out.conflicts.push_back(std::move(item.id));
    }
  }
  co_await source.close();
  co_return out;
}

}  // namespace

awaitable<std::uint64_t> change_where(LinkPtr link, CallContext context, Query query, std::optional<Json> merge_patch) {
  co_await open_index(link, context.deadline);
  std::shared_ptr<const Json> patch;
  if (merge_patch) patch = std::make_shared<const Json>(std::move(*merge_patch));
  std::uint64_t count = 0;
  std::vector<std::string> left;
  for (int round = 0;; ++round) {
    if (round == most_rounds)
      throw Error(errc::conflict, "others change the records faster than they can be written", ErrorContext{}, true);
    // What was written before this call is seen by it.
    co_await refresh_index(link, context.deadline);
    auto changed = co_await change_once(link, context, query, patch, std::move(left));
    count += changed.count;
    left = std::move(changed.conflicts);
    if (left.empty()) break;
  }
  if (count != 0 && refresh_of(*link, Refresh::automatic, Refresh::wait) != Refresh::none)
    co_await refresh_index(link, context.deadline);
  co_return count;
}

}  // namespace weir::elasticsearch
