// Batches: bulk requests side by side, each item with its own end.
#include "backends/elasticsearch/backend.hpp"
#include "backends/elasticsearch/background.hpp"
#include "backends/elasticsearch/bulk_run.hpp"
#include "backends/elasticsearch/requests.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace weir::elasticsearch {
namespace {

BulkRequest::Action action_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::create: return BulkRequest::Action::create;
    case WriteKind::remove: return BulkRequest::Action::remove;
    default: return BulkRequest::Action::index;
  }
}

// Each record as an action, or the error that keeps it out.
struct Checked {
  Checked() = default;
  std::vector<BulkAction> actions;
  std::vector<NewField> missing;
  std::vector<ItemError> refused;
};

// Against the mapping as it will be once the fields of the records before are in it.
Checked check_all(const Mapping& mapping, const std::string& key_field, BulkRequest::Action action,
                  const std::vector<Record>& records, bool collect) {
  Checked out;
  out.actions.reserve(records.size());
  std::optional<Mapping> grown;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& record = records[i];
    BulkAction one;
    one.action = action;
    one.id = record.id;
    one.item = i;
    if (action != BulkRequest::Action::remove) {
      try {
        const auto& current = grown ? *grown : mapping;
        auto checked = current.check(record.fields);
        one.source = make_source(current, record, checked, key_field);
        if (!checked.missing.empty() && mapping.ours()) {
          if (!grown) grown = mapping;
          grown->add(checked.missing);
          std::move(checked.missing.begin(), checked.missing.end(), std::back_inserter(out.missing));
        }
      } catch (const Error& error) {
        if (!collect) throw;
        out.refused.emplace_back(i, record.id, error);
        continue;
      }
    }
    out.actions.push_back(std::move(one));
  }
  return out;
}

}  // namespace

awaitable<BatchResult> write_many(LinkPtr link, CallContext context, WriteKind kind, std::vector<Record> records,
                                  BatchOptions options) {
  if (options.atomic()) throw Error(errc::unsupported, "the store has no atomic batches");
  const auto action = action_of(kind);
  const bool collect = options.on_error() == OnError::collect;
  auto known = co_await open_index(link, context.deadline);
  Checked checked;
  for (int tries = 0;; ++tries) {
    checked = check_all(*known.mapping, link->settings.key_field, action, records, collect);
    if (checked.missing.empty()) break;
    if (tries == 4) throw Error(errc::conflict, "the fields of the index change faster than they can be read");
    known = co_await put_fields(link, std::move(checked.missing), context.deadline);
  }
  const auto refresh = refresh_of(*link, options.refresh(), Refresh::none);
  BulkSettings bulk;
  bulk.collect = collect;
  bulk.most_items =
      options.chunk() != 0 ? std::min(options.chunk(), link->settings.bulk_actions) : link->settings.bulk_actions;
  bulk.concurrency = options.concurrency() != 0 ? options.concurrency() : link->settings.bulk_concurrency;
  bulk.refresh = refresh;
  bulk.deadline = context.deadline;
  bulk.retries =
      context.retry ? context.retry->writes() && context.retry->max_attempts() > 1 : link->settings.repeats_writes;
  auto outcome = co_await run_bulk(link, std::move(checked.actions), bulk);
  BatchResult result;
  result.ids.resize(records.size());
  for (const auto item : outcome.done) result.ids[item] = std::move(records[item].id);
  result.errors = std::move(checked.refused);
  std::move(outcome.errors.begin(), outcome.errors.end(), std::back_inserter(result.errors));
  std::ranges::sort(result.errors, {}, &ItemError::index);
  co_return result;
}

}  // namespace weir::elasticsearch
