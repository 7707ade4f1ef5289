#include "backends/postgresql/gathered_reads.hpp"

#include "backends/postgresql/codec.hpp"
#include "pool/loop_record.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

// What is decoded at one stroke holds up everything else on the loop.
constexpr std::size_t most_together = 64;

}  // namespace

struct GatheredReads::Answer {
  RequestPtr request;
  RowsById rows;
  std::optional<Error> error;
  std::exception_ptr failed;  // otherwise than with an Error
};

// What the waiting coroutine looks at. It knows nobody who knows the coroutine: a loop that ends frees both.
struct GatheredReads::Outcome {
  std::shared_ptr<const Answer> answer;  // none: ask alone
  bool cancelled = false;
};

struct GatheredReads::Member {
  Member(Call of, std::string key, std::shared_ptr<Outcome> into)
      : call(std::move(of)), id(std::move(key)), outcome(std::move(into)) {}
  const Call call;
  const std::string id;
  const std::shared_ptr<Outcome> outcome;
  std::optional<WaitHandler> handler;  // while it waits
  std::weak_ptr<Group> group;          // once it has left
};

struct GatheredReads::Group {
  explicit Group(asio::any_io_executor on) : executor(std::move(on)) {}
  const asio::any_io_executor executor;
  std::vector<MemberPtr> members;
  std::size_t waiting = 0;
  asio::cancellation_signal nobody_waits;  // on the executor
};

GatheredReads::GatheredReads(const asio::any_io_executor& executor)
    : loop_(executor), single_(weir::detail::LoopRecord::of(PoolRegistry::of(executor)).single()) {}

std::shared_ptr<GatheredReads> GatheredReads::of(Link& link, const asio::any_io_executor& executor) {
  auto& registry = PoolRegistry::of(executor);
  const auto number = link.gathered_number;
  auto* known = static_cast<GatheredReads*>(registry.local(number));
  if (known == nullptr)
    known = static_cast<GatheredReads*>(registry.set_local(number, std::make_shared<GatheredReads>(executor)));
  return known->shared_from_this();
}

struct GatheredReads::Join {
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<GatheredReads> self, MemberPtr member) const {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected())
      slot.assign([gathered = std::weak_ptr(self), asked = std::weak_ptr(member)](asio::cancellation_type) {
        const auto alive = gathered.lock();
        const auto found = asked.lock();
        if (alive && found) alive->give_up(found);
      });
    member->handler.emplace(std::forward<Handler>(handler));
    self->join(std::move(member));
  }
};

awaitable<std::optional<Record>> GatheredReads::read(Call call, std::string id) {
  if (!may_be_there(call, id)) co_return std::nullopt;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto outcome = std::make_shared<Outcome>();
  {
    auto gathered = of(call.conduit->link(), executor);
    auto member = std::make_shared<Member>(call, id, outcome);
    const Join join;
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(join, asio::use_awaitable,
                                                                          std::move(gathered), std::move(member));
  }
  if (outcome->cancelled) throw Error(errc::cancelled, "cancelled: the answer was not there yet");
  if (const auto answer = outcome->answer) {
    if (answer->failed) std::rethrow_exception(answer->failed);
    if (!answer->error) {
      const auto row = answer->rows.find(id);
      if (row == answer->rows.end()) co_return std::nullopt;
      co_return decode_record(answer->request->result(), row->second);
    }
    // Whose fault it was nobody knows; a deadline was that of the most hurried.
    const Error& error = *answer->error;
    const bool of_another = error.kind() == errc::timeout && Clock::now() < call.deadline;
    if (error.server_code().empty() && !of_another) throw error;
  }
  auto record = co_await read_one(std::move(call), std::move(id));
  co_return record;
}

void GatheredReads::join(MemberPtr member) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = open_.empty();
    open_.push_back(std::move(member));
  }
  if (first) asio::post(loop_.executor(), [self = shared_from_this()] { self->depart(); });
}

// Whoever is by himself asks by himself.
void GatheredReads::depart() {
  std::vector<GroupPtr> groups;
  std::vector<WaitHandler> alone;
  {
    const std::lock_guard lock(mutex_);
    const auto leaving = std::exchange(open_, {});
    for (std::size_t at = 0; at < leaving.size(); at += most_together) {
      const auto size = std::min(most_together, leaving.size() - at);
      if (size == 1) {
        alone.push_back(std::move(*leaving[at]->handler));
        leaving[at]->handler.reset();
        continue;
      }
      auto group = std::make_shared<Group>(single_ ? loop_.executor() : loop_.uncounted_strand());
      const auto begin = leaving.begin() + static_cast<std::ptrdiff_t>(at);
      group->members.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
      group->waiting = size;
      for (const MemberPtr& member : group->members) member->group = group;
      groups.push_back(std::move(group));
    }
  }
  for (const GroupPtr& group : groups) launch(group);
  wake(std::move(alone));
}

void GatheredReads::launch(const GroupPtr& group) {
  Call call = group->members.front()->call;
  std::vector<std::string> ids;
  ids.reserve(group->members.size());
  for (const MemberPtr& member : group->members) {
    ids.push_back(member->id);
    call.deadline = std::min(call.deadline, member->call.deadline);
  }
  auto done = [self = shared_from_this(), group](const std::exception_ptr& failed, RequestPtr request) {
    auto answer = std::make_shared<Answer>();
    try {
      if (failed) std::rethrow_exception(failed);
      answer->rows = rows_by_id(request->result());
      answer->request = std::move(request);
    } catch (const Error& error) {
      answer->error = error;
    } catch (...) {
      answer->failed = std::current_exception();
    }
    self->arrived(group, std::move(answer));
  };
  asio::co_spawn(group->executor, ask_many(std::move(call), std::move(ids)),
                 asio::bind_cancellation_slot(group->nobody_waits.slot(), std::move(done)));
}

void GatheredReads::arrived(const GroupPtr& group, std::shared_ptr<const Answer> answer) {
  std::vector<WaitHandler> handlers;
  {
    const std::lock_guard lock(mutex_);
    const auto members = std::exchange(group->members, {});
    handlers.reserve(members.size());
    for (const MemberPtr& member : members) {
      if (!member->handler) continue;
      member->outcome->answer = answer;
      handlers.push_back(std::move(*member->handler));
      member->handler.reset();
    }
  }
  wake(std::move(handlers));
}

// The others are read for all the same; when there are none left, nothing is.
void GatheredReads::give_up(const MemberPtr& member) {
  std::vector<WaitHandler> handlers;
  {
    const std::lock_guard lock(mutex_);
    if (!member->handler) return;
    member->outcome->cancelled = true;
    handlers.push_back(std::move(*member->handler));
    member->handler.reset();
    const auto group = member->group.lock();
    if (!group) {
      std::erase(open_, member);
    } else if (--group->waiting == 0) {
      asio::post(group->executor, [group] { group->nobody_waits.emit(asio::cancellation_type::terminal); });
    }
  }
  // Not from within the signal, which the coroutine may be the owner of.
  for (auto& handler : handlers) {
    const auto executor = asio::get_associated_executor(handler, loop_.executor());
    asio::post(executor, std::move(handler));
  }
}

void GatheredReads::wake(std::vector<WaitHandler> handlers) {
  const bool inside = loop_.running_here();
  for (WaitHandler& handler : handlers) deliver_to(std::move(handler), loop_, loop_.executor(), inside);
}

}  // namespace weir::postgres
