#include "policy/attempt.hpp"
#include "policy/batch_course.hpp"
#include "policy/policy_backend.hpp"

namespace weir::policy {
namespace {

metrics::Operation batch_operation_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::create: return metrics::Operation::batch_create;
    case WriteKind::upsert: return metrics::Operation::batch_upsert;
    case WriteKind::update: return metrics::Operation::batch_update;
    case WriteKind::patch: return metrics::Operation::batch_patch;
    case WriteKind::remove: return metrics::Operation::batch_remove;
  }
  return metrics::Operation::batch_upsert;
}

/// Nothing is repeated, so nothing has to be kept.
awaitable<BatchResult> write_once(StatePointer state, CallContext context, WriteKind kind, std::vector<Record> records,
                                  BatchOptions options) {
  auto call = [backend = state->backend, kind, records = std::move(records),
               options = std::move(options)](CallContext c) mutable {
    return backend->write_batch(std::move(c), kind, std::move(records), std::move(options));
  };
  return repeated<BatchResult>(state, batch_operation_of(kind), std::move(context), Effect::other_write,
                               std::move(call));
}

awaitable<BatchResult> write_again(StatePointer state, CallContext context, WriteKind kind, std::vector<Record> records,
                                   BatchOptions options) {
  Course course(state, batch_operation_of(kind), std::move(context));
  BatchCourse batch(kind, std::move(records), options);
  const auto effect = batch.repeatable() ? Effect::idempotent_write : Effect::other_write;
  for (;;) {
    if (course.paced()) co_await course.turn();
    auto attempt_context = course.next();
    auto look_context = attempt_context;
    std::optional<Error> failure;
    try {
      auto call = [&](CallContext c) {
        return state->backend->write_batch(std::move(c), kind, batch.to_send(), options);
      };
      auto result = co_await attempt<BatchResult>(state, std::move(attempt_context), call, effect);
      failure = batch.outcome(std::move(result));
    } catch (const boost::system::system_error&) {
      failure = current_error();
      batch.lost(*failure);
      // Those before the failed one may have been written.
      if (!batch.repeatable()) failure = failure->with_maybe_applied(true);
    }
    if (!batch.to_look_up().empty() && (!failure || failure->transient())) {
      auto call = [backend = state->backend, ids = batch.ids_to_look_up()](CallContext c) {
        return backend->read_batch(std::move(c), ids);
      };
      try {
        const auto stored =
            co_await attempt<std::vector<std::optional<Record>>>(state, std::move(look_context), call, Effect::read);
        batch.looked_up(stored);
      } catch (const boost::system::system_error&) {
        failure = current_error().with_maybe_applied(true);
        throw course.ended_with(*failure);
      }
    }
    if (batch.done()) {
      course.succeeded();
      co_return batch.take_result();
    }
    std::optional<Error> ended;
    try {
      co_await course.failed(*failure, effect);
    } catch (const Error& error) {
      ended = error;
    }
    if (!ended) continue;
    if (!batch.has_result() || ended->kind() == errc::cancelled) throw *ended;
    batch.give_up(ended->attempts());
    co_return batch.take_result();
  }
}

}  // namespace

awaitable<BatchResult> write_records(StatePointer state, CallContext context, WriteKind kind,
                                     std::vector<Record> records, BatchOptions options) {
  const auto retry = state->retry_of(context);
  if (retry.max_attempts() <= 1 || !retry.writes())
    return write_once(std::move(state), std::move(context), kind, std::move(records), std::move(options));
  return write_again(std::move(state), std::move(context), kind, std::move(records), std::move(options));
}

}  // namespace weir::policy
