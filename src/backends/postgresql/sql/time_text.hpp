#pragma once

// Times as text, in the form of ISO 8601 that PostgreSQL reads whatever the session's DateStyle and TimeZone are. Pure.

#include <optional>
#include <string_view>

namespace weir::postgres {

// 2024-01-31, infinity, -infinity
bool is_date(std::string_view text) noexcept;

enum class Zone { none, required };
// 2024-01-31T12:00[:30[.123456]], with a blank in place of T too, and behind it Z, +01, +0130 or +01:30 where a zone is
// required. Gives the digits of the fraction that count; empty: it is none.
std::optional<int> fraction_digits(std::string_view text, Zone zone) noexcept;

}  // namespace weir::postgres
