#pragma once

#include "policy/deadline.hpp"
#include "policy/policy_state.hpp"

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::policy {

/// One attempt, ended at its deadline. `call` takes the context and gives the backend's awaitable.
template <class T, class Call>
awaitable<T> attempt(const StatePointer& state, CallContext context, Call& call, Effect effect) {
  if (!needs_deadline(*state, context)) return call(std::move(context));
  DeadlineOptions options;
  options.deadline = context.deadline;
  options.may_apply = effect != Effect::read;
  options.may_abandon = true;
  return within_deadline<T>(*state->clock, call(std::move(context)), options, state);
}

/// An operation that is simply made again.
template <class T, class Call>
awaitable<T> repeated(StatePointer state, metrics::Operation operation, CallContext context, Effect effect, Call call) {
  Course course(state, operation, std::move(context));
  for (;;) {
    if (course.paced()) co_await course.turn();
    auto attempt_context = course.next();
    std::optional<Error> failure;
    try {
      T result = co_await attempt<T>(state, std::move(attempt_context), call, effect);
      course.succeeded();
      if constexpr (std::is_same_v<T, std::vector<Record>>) course.returned(result.size());
      co_return result;
    } catch (const boost::system::system_error&) {
      failure = current_error();
    }
    co_await course.failed(*failure, effect);
  }
}

}  // namespace weir::policy
