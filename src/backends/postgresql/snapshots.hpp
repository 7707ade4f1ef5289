#pragma once

// Partitions of one query that are open at the same time see one state of the store. Each exports its snapshot
// (https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION), which holds as long as
// its transaction; one that opens while another of its query is open begins with that one's. Any thread.

#include "backends/postgresql/wire/request.hpp"

#include <weir/awaitable.hpp>
#include <weir/options.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::detail {
class Latch;
}

namespace weir::postgres {

class Snapshots : public std::enable_shared_from_this<Snapshots> {
 private:
  struct Group;

 public:
  // A stream among the partitions of its query; destroyed before its transaction ends.
  class Member {
   public:
    Member(std::shared_ptr<Snapshots> owner, std::shared_ptr<Group> group, std::size_t index, std::string snapshot)
        : owner_(std::move(owner)), group_(std::move(group)), index_(index), snapshot_(std::move(snapshot)) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member();
    // What to begin with; empty: it is the first.
    const std::string& snapshot() const noexcept { return snapshot_; }
    // What it exported; the others may begin with it.
    void publish(std::string exported);
    // The server does not know what it was to begin with any longer: its place is free, to join once more, perhaps
    // with another of the same.
    void stale();

   private:
    const std::shared_ptr<Snapshots> owner_;
    const std::shared_ptr<Group> group_;
    const std::size_t index_;
    const std::string snapshot_;
    std::string exported_;
  };

  // While the first of a query is about to export, the others wait. `query` says which query it is.
  static awaitable<std::shared_ptr<Member>> join(std::shared_ptr<Snapshots> self, std::string query,
                                                 Partition partition, Clock::time_point deadline);

 private:
  using Latches = std::vector<std::shared_ptr<detail::Latch>>;
  struct Group {
    std::string query;
    std::vector<bool> taken;        // by index
    std::vector<std::string> live;  // exported, and their transactions are open
    std::size_t pending = 0;        // members that have not exported yet
    Latches waiting;                // for the first that does
  };

  std::shared_ptr<Group> find(const std::string& query, Partition partition) const;
  // Without the lock.
  void drop(const std::shared_ptr<Group>& group, const std::string& snapshot, bool was_pending);

  std::mutex mutex_;
  std::vector<std::shared_ptr<Group>> groups_;
};

}  // namespace weir::postgres
