#pragma once

#include "core/json_text.hpp"

#include <weir/error.hpp>
#include <weir/query.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::core::test {

inline Json json(std::string_view text) { return parse_json(text); }
inline Record record(std::string_view fields, std::string id = "k") {
  return Record(json(fields)).with_id(std::move(id));
}

// Whether the record with these fields satisfies the filter in its text form.
inline bool matches(std::string_view fields, std::string_view filter) {
  return Filter::parse(filter).compare(record(fields));
}

// What `action` throws; empty when it does not.
template <class Action>
std::optional<Error> error_of(Action&& action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// One row of a table of comparisons.
struct Case {
  std::string_view fields;
  std::string_view filter;
  bool expected;
};

inline void check(const std::vector<Case>& table) {
  for (const Case& row : table) {
    EXPECT_EQ(matches(row.fields, row.filter), row.expected) << row.fields << "   " << row.filter;
    // Two-valued: the negation is the exact complement, whatever the record holds.
    EXPECT_EQ((!Filter::parse(row.filter)).compare(record(row.fields)), !row.expected)
        << row.fields << "   " << row.filter;
  }
}

inline void check_refused(const std::vector<std::string_view>& filters) {
  for (const std::string_view filter : filters) {
    const auto error = error_of([&] { return Filter::parse(filter); });
    ASSERT_TRUE(error) << filter;
    EXPECT_EQ(error->kind(), errc::invalid_query) << filter << ": " << error->what();
  }
}

}  // namespace weir::core::test

// The statement fails with this code, and the text of the error holds `part`.
#define EXPECT_FAILURE(code_, part_, ...)                                                    \
  do {                                                                                       \
    const auto error_ = ::weir::core::test::error_of([&] { return __VA_ARGS__; });           \
    ASSERT_TRUE(error_) << "nothing was thrown by " #__VA_ARGS__;                            \
    EXPECT_EQ(error_->kind(), code_) << error_->what();                                      \
    EXPECT_NE(std::string(error_->what()).find(part_), std::string::npos) << error_->what(); \
  } while (false)
