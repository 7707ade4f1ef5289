#include "backends/postgresql/sql/time_text.hpp"

#include <chrono>

namespace weir::postgres {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : rest_(text) {}

  bool at_end() const noexcept { return rest_.empty(); }
  bool take(char c) noexcept {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits, a number of at most `most`.
  std::optional<int> number(std::size_t digits, int most) noexcept {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value > most) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  std::string_view digits() noexcept {
    const auto all = rest_.substr(0, rest_.find_first_not_of("0123456789"));
    rest_.remove_prefix(all.size());
    return all;
  }

 private:
  std::string_view rest_;
};

bool is_infinite(std::string_view text) noexcept { return text == "infinity" || text == "-infinity"; }

bool take_date(Reader& text) noexcept {
  const auto year = text.number(4, 9999);
  if (!year || !text.take('-')) return false;
  const auto month = text.number(2, 12);
  if (!month || !text.take('-')) return false;
  const auto day = text.number(2, 31);
  return day && *year > 0 &&
         std::chrono::year_month_day(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
             .ok();
}

bool take_zone(Reader& text) noexcept {
  if (text.take('Z')) return true;
  if (!text.take('+') && !text.take('-')) return false;
  if (!text.number(2, 15)) return false;
  if (text.at_end()) return true;
  text.take(':');
  return text.number(2, 59).has_value();
}

}  // namespace

bool is_date(std::string_view text) noexcept {
  if (is_infinite(text)) return true;
  Reader reader(text);
  return take_date(reader) && reader.at_end();
}

std::optional<int> fraction_digits(std::string_view text, Zone zone) noexcept {
  if (is_infinite(text)) return 0;
  Reader reader(text);
  if (!take_date(reader) || (!reader.take('T') && !reader.take(' '))) return std::nullopt;
  if (!reader.number(2, 23) || !reader.take(':') || !reader.number(2, 59)) return std::nullopt;
  int digits = 0;
  if (reader.take(':')) {
    if (!reader.number(2, 59)) return std::nullopt;
    if (reader.take('.')) {
      const auto fraction = reader.digits();
      if (fraction.empty()) return std::nullopt;
      const auto last = fraction.find_last_not_of('0');
      if (last != std::string_view::npos && last >= 6) return std::nullopt;  // finer than a microsecond
      digits = last == std::string_view::npos ? 0 : static_cast<int>(last) + 1;
    }
  }
  if (zone == Zone::required && !take_zone(reader)) return std::nullopt;
  return reader.at_end() ? std::optional(digits) : std::nullopt;
}

}  // namespace weir::postgres
