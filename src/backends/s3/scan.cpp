#include "backends/s3/scan.hpp"

#include "backends/s3/key.hpp"
#include "core/record_weight.hpp"
#include "core/selection.hpp"
#include "net/task_group.hpp"

#include <algorithm>

namespace weir::s3::detail {
namespace {

struct Fetched {
  Fetched(StorePointer in, CallLimits how, std::vector<std::string> which)
      : store(std::move(in)), limits(std::move(how)), ids(std::move(which)), records(ids.size()) {}
  const StorePointer store;
  const CallLimits limits;
  const std::vector<std::string> ids;
  std::vector<std::optional<Record>> records;
  std::optional<ListPage> page;
};

awaitable<void> fetch_one(std::shared_ptr<Fetched> fetched, std::size_t index) {
  fetched->records[index] = co_await read_record(fetched->store, fetched->limits, fetched->ids[index]);
}

}  // namespace

ScanSource::ScanSource(StorePointer store, CallContext context, Query query, StreamOptions options, bool ordered,
                       std::size_t concurrency)
    : store_(std::move(store)),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)),
      plan_(plan_scan(query_, ordered)),
      concurrency_(concurrency),
      part_first_(!query_.limit() && query_.offset() == 0),
      skipped_(0) {
  if (query_.select()) projection_.emplace(*query_.select());
}

CallLimits ScanSource::limits() const {
  CallLimits out(context_);
  // Every later fetch has the time limit anew.
  if (begun_ && context_.timeout.count() > 0) out.deadline = std::chrono::steady_clock::now() + context_.timeout;
  return out;
}

bool ScanSource::is_of_part(const std::string& id) const {
  const auto& part = options_.partition();
  return part.count() <= 1 || part_of(id, part.count()) == part.index();
}

void ScanSource::add_page(const ListPage& page) {
  for (const auto& object : page.objects) {
    if (object.size == 0) continue;  // a removed record, or somebody else's
    auto id = store_->id_of(object.key);
    if (!id || !may_match(plan_, *id) || (part_first_ && !is_of_part(*id))) continue;
    candidates_.emplace_back(std::move(*id), object.size);
  }
}

awaitable<void> ScanSource::more_keys() {
  if (!begun_) {
    if (plan_.ids) {
      for (const auto& id : *plan_.ids)
        if (id.size() <= 512 && may_match(plan_, id) && (!part_first_ || is_of_part(id)))
          candidates_.emplace_back(id, 0);
    } else {
      const auto known = key_prefix_of(plan_.id_prefix);
      prefixes_.push_back(known);
      if (!known.empty()) prefixes_.emplace_back("~");  // ids whose keys are of the long form
    }
    begun_ = true;
  }
  if (prefixes_.empty()) {
    listed_ = true;
    co_return;
  }
  const auto page = co_await list_keys(store_, limits(), prefixes_.front(), continue_from_);
  add_page(page);
  continue_from_ = page.next;
  if (page.next.empty()) prefixes_.erase(prefixes_.begin());
  listed_ = prefixes_.empty();
}

awaitable<void> ScanSource::all_keys() {
  while (!listed_) co_await more_keys();
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  if (plan_.descending) std::reverse(candidates_.begin(), candidates_.end());
}

std::size_t ScanSource::chunk_size() const {
  auto most = std::max<std::size_t>(options_.batch_size(), 1);
  if (query_.limit() && plan_.sequence == ScanPlan::Sequence::by_id) {
    const auto missing = *query_.limit() - std::min(*query_.limit(), given_) + (query_.offset() - skipped_);
    // Where the ids decide, those are all that is needed; else the first that come may be enough.
    most = std::min(most, plan_.only_ids ? std::max<std::size_t>(missing, 1) : std::max(missing, concurrency_));
  }
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  while (count < most && count < candidates_.size()) {
    bytes += candidates_[count].size;
    if (count > 0 && bytes > options_.prefetch_bytes()) break;
    ++count;
  }
  return count;
}

awaitable<std::vector<Record>> ScanSource::fetch_some() {
  const auto count = chunk_size();
  std::vector<std::string> ids;
  ids.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back(std::move(candidates_.front().id));
    candidates_.pop_front();
  }
  auto fetched = std::make_shared<Fetched>(store_, limits(), std::move(ids));
  std::function<awaitable<void>(std::size_t)> task = [fetched](std::size_t index) { return fetch_one(fetched, index); };
  co_await net::for_each_index(count, concurrency_, std::move(task));
  std::vector<Record> out;
  for (auto& record : fetched->records)
    if (record && query_.compare(*record)) out.push_back(std::move(*record));
  co_return out;
}

std::vector<Record> ScanSource::cut(std::vector<Record> records) {
  std::vector<Record> out;
  for (auto& record : records) {
    if (skipped_ < query_.offset()) {
      ++skipped_;
      continue;
    }
    if (query_.limit() && given_ >= *query_.limit()) break;
    ++given_;
    if (!part_first_ && !is_of_part(record.id)) continue;
    if (projection_) projection_->apply(record);
    out.push_back(std::move(record));
  }
  return out;
}

awaitable<std::vector<Record>> ScanSource::sorted_whole() {
  core::Selection<Record> selection(query_);
  for (;;) {
    while (candidates_.empty() && !listed_) co_await more_keys();
    if (candidates_.empty()) break;
    auto some = co_await fetch_some();
    for (auto& record : some) selection.add(std::move(record));
  }
  co_return selection.take();
}

std::vector<Record> ScanSource::take_sorted() {
  std::vector<Record> out;
  std::size_t bytes = 0;
  while (!result_.empty() && out.size() < std::max<std::size_t>(options_.batch_size(), 1) &&
         (out.empty() || bytes < options_.prefetch_bytes())) {
    auto record = std::move(result_.front());
    result_.pop_front();
    if (!part_first_ && !is_of_part(record.id)) continue;
    if (projection_) projection_->apply(record);
    bytes += core::record_weight(record);
    out.push_back(std::move(record));
  }
  return out;
}

awaitable<std::vector<Record>> ScanSource::next_batch() {
  std::vector<Record> none;
  if (query_.limit() && *query_.limit() == 0) co_return none;
  if (plan_.sequence == ScanPlan::Sequence::by_fields) {
    if (!sorted_) {
      auto all = co_await sorted_whole();
      std::move(all.begin(), all.end(), std::back_inserter(result_));
      sorted_ = true;
    }
    co_return take_sorted();
  }
  if (plan_.sequence == ScanPlan::Sequence::by_id && !sorted_) {
    co_await all_keys();
    sorted_ = true;
  }
  for (;;) {
    if (query_.limit() && given_ >= *query_.limit()) co_return none;
    while (candidates_.empty() && !listed_) co_await more_keys();
    if (candidates_.empty()) co_return none;
    auto some = co_await fetch_some();
    auto batch = cut(std::move(some));
    if (!batch.empty()) co_return batch;
  }
}

namespace {

awaitable<std::uint64_t> count_keys(StorePointer store, CallContext context, ScanPlan plan) {
  const CallLimits limits(context);
  std::uint64_t total = 0;
  std::vector<std::string> prefixes{key_prefix_of(plan.id_prefix)};
  if (!prefixes.front().empty()) prefixes.emplace_back("~");
  for (const auto& prefix : prefixes) {
    std::string continue_from;
    do {
      const auto page = co_await list_keys(store, limits, prefix, continue_from);
      for (const auto& object : page.objects) {
        if (object.size == 0) continue;
        const auto id = store->id_of(object.key);
        if (id && may_match(plan, *id)) ++total;
      }
      continue_from = page.next;
    } while (!continue_from.empty());
  }
  co_return total;
}

}  // namespace

awaitable<std::uint64_t> count_records(StorePointer store, CallContext context, Query query, std::size_t concurrency) {
  auto plan = plan_scan(query, false);
  if (plan.only_ids && !plan.ids) co_return co_await count_keys(std::move(store), std::move(context), std::move(plan));
  Query all(query.filter());
  ScanSource source(std::move(store), std::move(context), std::move(all), StreamOptions(), false, concurrency);
  std::uint64_t total = 0;
  for (;;) {
    const auto batch = co_await source.next_batch();
    if (batch.empty()) break;
    total += batch.size();
  }
  co_return total;
}

}  // namespace weir::s3::detail
