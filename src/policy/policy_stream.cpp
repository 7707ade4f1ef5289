#include "policy/attempt.hpp"
#include "policy/policy_backend.hpp"

namespace weir::policy {
namespace {

/// Which part of `count` an id belongs to, for stores that do not cut by themselves. FNV-1a; fixed for ever, since a
/// copy may go on after days and with another program.
std::size_t part_of(std::string_view id, std::size_t count) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::size_t>((hash >> 32U) % count);
}

/// Begins again until the first record has come; from then on a failure is the caller's.
class RepeatedSource final : public RecordSource {
 public:
  RepeatedSource(StatePointer state, CallContext context, Query query, StreamOptions options)
      : state_(std::move(state)),
        context_(std::move(context)),
        query_(std::move(query)),
        options_(std::move(options)),
        cut_(!state_->capabilities.partitions && options_.partition().count() > 1),
        course_(state_, metrics::Operation::stream, context_) {}

  awaitable<std::vector<Record>> next_batch() override {
    for (;;) {
      auto batch = co_await fetch();
      begun_ = begun_ || !batch.empty();
      if (batch.empty()) finish();
      if (cut_ && !batch.empty()) {
        std::erase_if(batch, [this](const Record& record) {
          return part_of(record.id, options_.partition().count()) != options_.partition().index();
        });
        if (batch.empty()) continue;
      }
      rows_ += batch.size();
      co_return batch;
    }
  }

  awaitable<void> close() override {
    finish();
    if (inner_) co_await inner_->stream.close();
    inner_.reset();
  }

 private:
  /// The backend's stream. A fetch that is watched holds it as well: a loop that is destroyed destroys coroutines in
  /// any order, this one's before that of the fetch too.
  class Inner {
   public:
    Inner(StatePointer policies, RecordStream records) : state(std::move(policies)), stream(std::move(records)) {}
    const StatePointer state;
    RecordStream stream;
  };

  awaitable<std::vector<Record>> fetch() {
    for (;;) {
      if (!begun_ && course_.paced()) co_await course_.turn();
      auto attempt_context = begun_ ? later() : course_.next();
      std::optional<Error> failure;
      try {
        if (!inner_) inner_ = std::make_shared<Inner>(state_, scan(attempt_context));
        auto batch = co_await limited(attempt_context);
        if (!begun_) course_.answered();
        co_return batch;
      } catch (const boost::system::system_error&) {
        failure = current_error();
      }
      inner_.reset();
      if (begun_) {
        finished_ = true;
        throw course_.ended_with(*failure);
      }
      finished_ = true;  // unless it is tried again
      co_await course_.failed(*failure, Effect::read);
      finished_ = false;
    }
  }

  RecordStream scan(const CallContext& context) {
    auto options = options_;
    if (cut_) options.partition(Partition());
    return state_->backend->scan(context, query_, std::move(options));
  }

  /// Every later fetch has the time limit anew.
  CallContext later() const {
    auto context = context_;
    if (context.timeout.count() > 0) context.deadline = state_->clock->now() + context.timeout;
    return context;
  }

  awaitable<std::vector<Record>> limited(const CallContext& context) {
    if (!needs_deadline(*state_, context)) return inner_->stream.next_batch();
    DeadlineOptions options;
    options.deadline = context.deadline;
    return within_deadline<std::vector<Record>>(*state_->clock, inner_->stream.next_batch(), options, inner_);
  }

  void finish() {
    if (finished_) return;
    finished_ = true;
    course_.succeeded();
    course_.returned(rows_);
  }

  const StatePointer state_;
  const CallContext context_;
  const Query query_;
  const StreamOptions options_;
  const bool cut_;
  Course course_;
  std::shared_ptr<Inner> inner_;
  std::uint64_t rows_ = 0;
  bool begun_ = false;
  bool finished_ = false;
};

}  // namespace

RecordStream repeated_stream(StatePointer state, CallContext context, Query query, StreamOptions options) {
  return RecordStream(
      std::make_shared<RepeatedSource>(std::move(state), std::move(context), std::move(query), std::move(options)));
}

}  // namespace weir::policy
