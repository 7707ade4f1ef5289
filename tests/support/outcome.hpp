#pragma once

// How an operation ended, as a value that a test can look at.

#include <weir/awaitable.hpp>
#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace weir::test {

/// Whether an operation threw, and what.
class Outcome {
 public:
  Outcome() = default;
  static Outcome from(std::exception_ptr error) {
    Outcome outcome;
    outcome.threw_ = true;
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      outcome.error_ = e;
      outcome.code_ = e.code();
      outcome.text_ = e.what();
    } catch (const boost::system::system_error& e) {
      outcome.code_ = e.code();
      outcome.text_ = e.what();
    } catch (const std::exception& e) {
      outcome.text_ = std::string("not a weir::Error: ") + e.what();
    }
    return outcome;
  }

  bool ok() const { return !threw_; }
  bool is(errc code) const { return error_.has_value() && error_->kind() == code; }
  bool cancelled() const { return threw_ && code_ == boost::system::errc::operation_canceled; }
  /// The text of the error, "" when there was none.
  const std::string& text() const { return text_; }
  const std::optional<Error>& error() const { return error_; }
  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    if (outcome.ok()) return out << "no error";
    if (outcome.error_) out << to_string(outcome.error_->kind()) << ": ";
    return out << outcome.text_;
  }

 private:
  bool threw_ = false;
  std::optional<Error> error_;
  boost::system::error_code code_;
  std::string text_;
};

/// Awaits what `call()` gives and tells how it ended; a throw from the call itself counts too. `call` is a lambda that
/// captures by reference only.
template <class Call>
awaitable<Outcome> outcome_of(Call call) {
  static_assert(std::is_trivially_destructible_v<Call>, "capture by reference: g++ 12 destroys temporaries twice");
  Outcome outcome;
  try {
    if constexpr (std::is_void_v<typename std::invoke_result_t<Call&>::value_type>) {
      co_await call();
    } else {
      [[maybe_unused]] auto value = co_await call();
    }
  } catch (...) {
    outcome = Outcome::from(std::current_exception());
  }
  co_return outcome;
}

/// The same for a call that is no coroutine.
template <class Call>
Outcome outcome_now(Call&& call) {
  try {
    call();
    return {};
  } catch (...) {
    return Outcome::from(std::current_exception());
  }
}

inline testing::AssertionResult fails_with(const Outcome& outcome, errc code) {
  if (outcome.is(code)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected " << to_string(code) << ", got " << outcome;
}
inline testing::AssertionResult succeeds(const Outcome& outcome) {
  if (outcome.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected success, got " << outcome;
}

}  // namespace weir::test

/// EXPECT that a coroutine operation fails: EXPECT_FAILS(db.create(record), already_exists). Inside a coroutine only.
#define EXPECT_FAILS(expression, code)                                                       \
  do {                                                                                       \
    const auto weir_outcome = co_await ::weir::test::outcome_of([&] { return expression; }); \
    EXPECT_TRUE(::weir::test::fails_with(weir_outcome, ::weir::errc::code)) << #expression;  \
  } while (false)
#define EXPECT_SUCCEEDS(expression)                                                          \
  do {                                                                                       \
    const auto weir_outcome = co_await ::weir::test::outcome_of([&] { return expression; }); \
    EXPECT_TRUE(::weir::test::succeeds(weir_outcome)) << #expression;                        \
  } while (false)
