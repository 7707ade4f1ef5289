// Single writes: how a repetition is told from somebody else's write.
#include "policy/attempt.hpp"
#include "policy/policy_backend.hpp"
#include "policy/same_content.hpp"

namespace weir::policy {
namespace {

metrics::Operation operation_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::create: return metrics::Operation::create;
    case WriteKind::upsert: return metrics::Operation::upsert;
    case WriteKind::update: return metrics::Operation::update;
    case WriteKind::patch: return metrics::Operation::patch;
    case WriteKind::remove: return metrics::Operation::remove;
  }
  return metrics::Operation::upsert;
}

/// Whether what a repeated create met is the record itself, stored by the attempt whose answer was lost.
awaitable<bool> is_stored(StatePointer state, CallContext context, const Record* record) {
  auto call = [backend = state->backend, id = record->id](CallContext c) { return backend->read(std::move(c), id); };
  const auto stored = co_await attempt<std::optional<Record>>(state, std::move(context), call, Effect::read);
  co_return stored&& same_content(*record, *stored);
}

}  // namespace

awaitable<bool> write_record(StatePointer state, CallContext context, WriteKind kind, Record record,
                             WriteOptions options) {
  Course course(state, operation_of(kind), std::move(context));
  // Every kind is idempotent by construction: ids are given before, `if_version` holds at most once, replacing and
  // merging twice is as good as once, and what is not the same twice (the answer to create and remove) is seen to
  // below.
  constexpr auto effect = Effect::idempotent_write;
  std::optional<Error> lost;  // the first failure that may have been applied
  auto call = [&](CallContext c) {
    if (!course.may_repeat()) return state->backend->write(std::move(c), kind, std::move(record), std::move(options));
    return state->backend->write(std::move(c), kind, record, options);
  };
  for (;;) {
    if (course.paced()) co_await course.turn();
    auto attempt_context = course.next();
    const auto look_context = attempt_context;
    std::optional<Error> failure;
    try {
      const bool done = co_await attempt<bool>(state, std::move(attempt_context), call, effect);
      if (done || kind != WriteKind::remove || !lost) {
        course.succeeded();
        co_return done;
      }
    } catch (const boost::system::system_error&) {
      failure = current_error();
    }
    // Absent now: whether the lost attempt removed it, or it never was there, nobody can tell.
    if (!failure) throw course.ended_with(*lost);
    if (lost && failure->kind() == errc::already_exists) {
      bool stored = false;
      try {
        stored = co_await is_stored(state, look_context, &record);
      } catch (const boost::system::system_error&) {
        failure = current_error().with_maybe_applied(true);
      }
      if (stored) {
        course.succeeded();
        co_return true;
      }
    }
    if (failure->maybe_applied() && !lost) lost = failure;
    co_await course.failed(*failure, effect);
  }
}

}  // namespace weir::policy
