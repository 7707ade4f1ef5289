#pragma once

// Option coalesce_reads: what one turn of a loop reads by id becomes one statement.

#include "backends/postgresql/operations.hpp"
#include "backends/postgresql/wire/deliver.hpp"
#include "pool/loop.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::postgres {

// Of one loop and one database. Each read keeps its own deadline, cancellation and error: what fails together is asked
// again alone.
class GatheredReads : public std::enable_shared_from_this<GatheredReads> {
 public:
  explicit GatheredReads(const boost::asio::any_io_executor& executor);

  static awaitable<std::optional<Record>> read(Call call, std::string id);

 private:
  struct Answer;
  struct Outcome;
  struct Member;
  struct Group;
  struct Join;
  using MemberPtr = std::shared_ptr<Member>;
  using GroupPtr = std::shared_ptr<Group>;

  static std::shared_ptr<GatheredReads> of(Link& link, const boost::asio::any_io_executor& executor);
  void join(MemberPtr member);
  void depart();
  void launch(const GroupPtr& group);
  void arrived(const GroupPtr& group, std::shared_ptr<const Answer> answer);
  void give_up(const MemberPtr& member);
  void wake(std::vector<WaitHandler> handlers);

  const weir::detail::Loop loop_;
  const bool single_;  // one thread runs the loop
  std::mutex mutex_;
  std::vector<MemberPtr> open_;  // they leave when this turn of the loop is over
};

}  // namespace weir::postgres
