#pragma once

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace weir::testing_support {

/// The text of the Error{invalid_argument} that the call ends with.
template <class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), errc::invalid_argument) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

}  // namespace weir::testing_support
