#include "backends/postgresql/snapshots.hpp"

#include "pool/latch.hpp"
#include "pool/loop_record.hpp"

#include <weir/registry.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

namespace weir::postgres {

namespace asio = boost::asio;

// The newest that has a place for it.
std::shared_ptr<Snapshots::Group> Snapshots::find(const std::string& query, Partition partition) const {
  const auto found = std::find_if(groups_.rbegin(), groups_.rend(), [&](const auto& group) {
    return group->query == query && group->taken.size() == partition.count() && !group->taken[partition.index()];
  });
  return found == groups_.rend() ? nullptr : *found;
}

awaitable<std::shared_ptr<Snapshots::Member>> Snapshots::join(std::shared_ptr<Snapshots> self, std::string query,
                                                              Partition partition, Clock::time_point deadline) {
  auto& loop = detail::LoopRecord::of(PoolRegistry::of(co_await asio::this_coro::executor));
  for (;;) {
    std::shared_ptr<detail::Latch> latch;
    {
      const std::lock_guard lock(self->mutex_);
      auto group = self->find(query, partition);
      if (!group) {
        group = std::make_shared<Group>();
        group->query = query;
        group->taken.resize(partition.count());
        self->groups_.push_back(group);
      } else if (group->live.empty()) {
        latch = std::make_shared<detail::Latch>(loop, 1);
        group->waiting.push_back(latch);
      }
      if (!latch) {
        group->taken[partition.index()] = true;
        ++group->pending;
        // The oldest: the others may be shorter.
        std::string snapshot = group->live.empty() ? std::string() : group->live.front();
        co_return std::make_shared<Member>(self, group, partition.index(), std::move(snapshot));
      }
    }
    loop.add_latch(latch);
    const bool woken = co_await detail::Latch::wait(latch, deadline);
    if (!woken)
      throw Error(errc::timeout, "the deadline passed while another partition of the query was being opened",
                  ErrorContext{}.maybe_applied(false));
  }
}

namespace {

void wake(const std::vector<std::shared_ptr<detail::Latch>>& waiting) {
  for (const auto& latch : waiting) latch->count_down();
}

}  // namespace

void Snapshots::Member::publish(std::string exported) {
  Latches waiting;
  {
    const std::lock_guard lock(owner_->mutex_);
    exported_ = std::move(exported);
    group_->live.push_back(exported_);
    --group_->pending;
    waiting.swap(group_->waiting);
  }
  wake(waiting);
}

void Snapshots::Member::stale() {
  const std::lock_guard lock(owner_->mutex_);
  std::erase(group_->live, snapshot_);
  group_->taken[index_] = false;
}

Snapshots::Member::~Member() { owner_->drop(group_, exported_, exported_.empty()); }

// A group that nobody can begin with any longer is none; whoever waited for its first looks again.
void Snapshots::drop(const std::shared_ptr<Group>& group, const std::string& snapshot, bool was_pending) {
  Latches waiting;
  {
    const std::lock_guard lock(mutex_);
    std::erase(group->live, snapshot);
    if (was_pending) --group->pending;
    if (!group->live.empty() || group->pending > 0) return;
    std::erase(groups_, group);
    waiting.swap(group->waiting);
  }
  wake(waiting);
}

}  // namespace weir::postgres
