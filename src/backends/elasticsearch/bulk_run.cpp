#include "backends/elasticsearch/bulk_run.hpp"

#include "backends/elasticsearch/backend.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "net/strand_call.hpp"
#include "net/task_group.hpp"
#include "policy/retry_policy.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>

namespace weir::elasticsearch {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

using Clock = std::chrono::steady_clock;

constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{5'000};
constexpr unsigned most_pauses = 12;

// What the coroutines of one batch share; on its strand.
class BulkRun : public std::enable_shared_from_this<BulkRun> {
 public:
  BulkRun(LinkPtr link, std::vector<BulkAction> actions, BulkSettings settings, asio::any_io_executor strand)
      : link_(std::move(link)),
        actions_(std::move(actions)),
        settings_(settings),
        strand_(std::move(strand)),
        size_(link_->settings.bulk_bytes, std::max<std::size_t>(1, settings.most_items)) {
    plan();
  }

  awaitable<BulkOutcome> run() {
    const auto self = shared_from_this();
    for (auto& round : rounds_) {
      queue_.assign(round.begin(), round.end());
      share_ = share_of(round);
      net::TaskGroup group(strand_);
      const auto most = std::max<std::size_t>(1, settings_.concurrency);
      for (std::size_t i = 0; i < most && i < queue_.size(); ++i) group.spawn(work(self));
      bool cancelled = false;
      WEIR_JOIN(group, cancelled);
      if (cancelled) throw Error(errc::cancelled, "cancelled");
      if (group.error()) std::rethrow_exception(group.error());
      if (stopped_) break;
    }
    if (failure_ && !settings_.collect) throw *failure_;
    if (failure_) give_up();
    if (!settings_.collect && !outcome_.errors.empty()) {
      const auto first = std::ranges::min_element(outcome_.errors, {}, &ItemError::index);
      throw first->error;
    }
    if (settings_.refresh != Refresh::none && !refreshed_ && !outcome_.done.empty())
      co_await refresh_index(link_, settings_.deadline);
    co_return std::move(outcome_);
  }

 private:
  // Actions on one id go into rounds of their own, one after another.
  void plan() {
    std::unordered_map<std::string_view, std::size_t> seen;
    seen.reserve(actions_.size());
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      const auto round = seen[actions_[i].id]++;
      if (rounds_.size() <= round) rounds_.emplace_back();
      rounds_[round].push_back(i);
    }
    ended_.resize(actions_.size());
  }

  std::size_t share_of(const std::vector<std::size_t>& round) const {
    constexpr std::size_t frame = 24;  // {"index":{"_id":""}}, and two ends of lines
    std::size_t total = 0;
    for (const auto i : round) total += actions_[i].source.size() + actions_[i].id.size() + frame;
    return even_share(total, link_->settings.bulk_bytes, std::max<std::size_t>(1, settings_.concurrency));
  }

  BulkRequest next_request() {
    BulkRequest out;
    while (!queue_.empty()) {
      const auto& action = actions_[queue_.front()];
      if (!out.empty() && out.body().size() >= share_) break;
      if (size_.is_full(out, action.source.size() + action.id.size() + BulkRequest::overhead)) break;
      out.add(action.action, action.id, action.source, queue_.front(), action.only_if);
      queue_.pop_front();
    }
    return out;
  }

  static awaitable<void> work(std::shared_ptr<BulkRun> self) {
    while (!self->stopped_) {
      auto request = self->next_request();
      if (request.empty()) break;
      co_await self->finish(std::move(request));
    }
  }

  // Until every item of the request has come to its end.
  awaitable<void> finish(BulkRequest request) {
    unsigned pauses = 0;
    while (!request.empty() && !stopped_) {
      std::optional<Error> failure;
      std::vector<std::size_t> again;
      std::optional<milliseconds> asked;
      try {
        const auto response = co_await send(request);
        if (response.status == 413) {
          if (!halve(request)) co_return;
          continue;
        }
        const bool full = response.status == 429 || response.status == 503;
        if (full && settings_.retries && pauses < most_pauses) {
          asked = response.retry_after();
          for (std::size_t i = 0; i < request.size(); ++i) again.push_back(i);
        } else if (response.status < 200 || response.status >= 300) {
          throw response_error(response, true);
        } else {
          const auto items = parse_bulk_answer(response.body.view(), request);
          again = take(request, items, pauses);
        }
      } catch (const Error& error) {
        failure = error;
      }
      if (failure) {
        lost(request, *failure);
        co_return;
      }
      if (again.empty()) {
        size_.accepted();
        co_return;
      }
      size_.throttled();
      request = request.subset(again);
      const auto until = Clock::now() + pause(pauses++, asked);
      if (until >= settings_.deadline) {
        lost(request, Error(errc::throttled, "the server has no room for it before the deadline"));
        co_return;
      }
      asio::steady_timer timer(strand_, until);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }

  awaitable<http::Response> send(const BulkRequest& request) {
    // Of several requests nobody knows which ends last, so the index is refreshed once behind them all.
    refreshed_ = !sent_ && queue_.empty() && rounds_.size() == 1;
    sent_ = true;
    const auto refresh = refreshed_ ? refresh_parameter(settings_.refresh) : std::string();
    Call call("POST",
              link_->index_target + "/_bulk" +
                  query_string({{"filter_path", "errors,items.*.status,items.*.error.type,items.*.error.reason"},
                                {"refresh", refresh}}));
    call.body = request.body();
    call.lines = true;
    call.deadline = settings_.deadline;
    // Then another node takes it over when this one dies on it, and what the others stored is not sent again.
    call.idempotent = settings_.retries && request.is_idempotent();
    return link_->transport->send(std::move(call));
  }

  // The items' ends; the positions of those that are to be sent again.
  std::vector<std::size_t> take(const BulkRequest& request, const std::vector<BulkItem>& items, unsigned pauses) {
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto position = request.item(i);
      if (items[i].outcome == BulkItem::Outcome::again && settings_.retries && pauses < most_pauses) {
        again.push_back(i);
        continue;
      }
      switch (items[i].outcome) {
        case BulkItem::Outcome::done:
          outcome_.done.push_back(actions_[position].item);
          ended_[position] = true;
          break;
        case BulkItem::Outcome::absent: ended_[position] = true; break;
        case BulkItem::Outcome::again:
        case BulkItem::Outcome::failed:
          fail(position, bulk_item_error(items[i], request.action(i)));
          if (!settings_.collect) stopped_ = true;
      }
    }
    return again;
  }

  // The second half goes back to the queue. False: it was one item, which has failed.
  bool halve(BulkRequest& request) {
    size_.too_large(request.body().size());
    if (request.size() == 1) {
      fail(request.item(0), Error(errc::too_large, "the record is larger than a request that the server takes"));
      if (!settings_.collect) stopped_ = true;
      return false;
    }
    auto [first, second] = request.halves();
    for (std::size_t i = second.size(); i > 0; --i) queue_.push_front(second.item(i - 1));
    request = std::move(first);
    return true;
  }

  void fail(std::size_t position, const Error& error) {
    outcome_.errors.emplace_back(actions_[position].item, actions_[position].id, error);
    ended_[position] = true;
  }

  void lost(const BulkRequest& request, const Error& error) {
    for (std::size_t i = 0; i < request.size(); ++i) fail(request.item(i), error);
    if (!failure_) failure_ = error;
    stopped_ = true;
  }

  // What was never sent.
  void give_up() {
    if (failure_->kind() == errc::cancelled || failure_->kind() == errc::pool_closed) throw *failure_;
    const auto unsent = failure_->with_maybe_applied(false);
    for (std::size_t i = 0; i < ended_.size(); ++i)
      if (!ended_[i]) fail(i, unsent);
  }

  static policy::Duration pause(unsigned number, std::optional<milliseconds> asked) {
    const auto longest = std::min(longest_pause, first_pause * (1 << std::min(number, 10U)));
    thread_local std::minstd_rand engine{std::random_device{}()};
    std::uniform_int_distribution<std::int64_t> half(0, longest.count() / 2);
    return policy::follow_hint(longest / 2 + milliseconds(half(engine)), asked);
  }

  const LinkPtr link_;
  const std::vector<BulkAction> actions_;
  const BulkSettings settings_;
  const asio::any_io_executor strand_;
  BulkSize size_;
  std::size_t share_ = 0;  ///< of this round, in bytes
  std::vector<std::vector<std::size_t>> rounds_;
  std::deque<std::size_t> queue_;
  BulkOutcome outcome_;
  std::optional<Error> failure_;
  std::vector<bool> ended_;
  bool sent_ = false;
  bool refreshed_ = false;
  bool stopped_ = false;
};

awaitable<BulkOutcome> run_on_strand(std::shared_ptr<BulkRun> run) {
  auto outcome = co_await run->run();
  co_return outcome;
}

}  // namespace

awaitable<BulkOutcome> run_bulk(LinkPtr link, std::vector<BulkAction> actions, BulkSettings settings) {
  if (actions.empty()) co_return BulkOutcome();
  const auto executor = co_await asio::this_coro::executor;
  const asio::any_io_executor strand = asio::make_strand(executor);
  auto run = std::make_shared<BulkRun>(std::move(link), std::move(actions), settings, strand);
  auto outcome = co_await net::call_on_strand<BulkOutcome>(strand, run_on_strand(run));
  co_return outcome;
}

}  // namespace weir::elasticsearch
