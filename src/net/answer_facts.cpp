#include "net/answer_facts.hpp"

#include "net/tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::http {
namespace {

namespace chrono = std::chrono;

template <class Number>
std::optional<Number> number(std::string_view text) noexcept {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<unsigned> month(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<unsigned>(found - names.begin()) + 1;
}

// "08:49:37"
std::optional<chrono::seconds> time_of_day(std::string_view text) noexcept {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hours = number<unsigned>(text.substr(0, 2)), minutes = number<unsigned>(text.substr(3, 2)),
             seconds = number<unsigned>(text.substr(6, 2));
  if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  return chrono::hours{*hours} + chrono::minutes{*minutes} + chrono::seconds{*seconds};
}

std::optional<chrono::system_clock::time_point> moment(std::optional<unsigned> day, std::optional<unsigned> in_month,
                                                       std::optional<int> year, std::optional<chrono::seconds> time) {
  if (!day || !in_month || !year || !time) return std::nullopt;
  const chrono::year_month_day date{chrono::year{*year}, chrono::month{*in_month}, chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return chrono::sys_days{date} + *time;
}

}  // namespace

std::optional<chrono::system_clock::time_point> parse_http_date(std::string_view value) {
  value = trimmed(value);
  if (const auto comma = value.find(", "); comma != std::string_view::npos) {
    const auto rest = value.substr(comma + 2);
    if (rest.size() == 24 && rest.ends_with(" GMT"))  // 06 Nov 1994 08:49:37 GMT
      return moment(number<unsigned>(rest.substr(0, 2)), month(rest.substr(3, 3)), number<int>(rest.substr(7, 4)),
                    time_of_day(rest.substr(12, 8)));
    if (rest.size() == 22 && rest.ends_with(" GMT")) {  // 06-Nov-94 08:49:37 GMT
      auto year = number<int>(rest.substr(7, 2));
      if (year) *year += *year < 70 ? 2000 : 1900;
      return moment(number<unsigned>(rest.substr(0, 2)), month(rest.substr(3, 3)), year,
                    time_of_day(rest.substr(10, 8)));
    }
    return std::nullopt;
  }
  if (value.size() != 24) return std::nullopt;  // Sun Nov  6 08:49:37 1994
  return moment(number<unsigned>(trimmed(value.substr(8, 2))), month(value.substr(4, 3)),
                number<int>(value.substr(20, 4)), time_of_day(value.substr(11, 8)));
}

std::optional<chrono::milliseconds> parse_retry_after(std::string_view value, chrono::system_clock::time_point now) {
  constexpr chrono::milliseconds longest = chrono::hours{24};
  value = trimmed(value);
  if (!value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
    const auto seconds = number<std::uint32_t>(value);
    return seconds ? std::min<chrono::milliseconds>(chrono::seconds{*seconds}, longest) : longest;
  }
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  const auto wait = chrono::duration_cast<chrono::milliseconds>(*date - now);
  return std::clamp(wait, chrono::milliseconds{0}, longest);
}

KeepAlive parse_keep_alive(std::string_view value) noexcept {
  KeepAlive out;
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const auto part = trimmed(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = trimmed(part.substr(0, equals)), text = trimmed(part.substr(equals + 1));
    const auto amount = number<std::uint32_t>(text);
    if (same_name(name, "timeout") && amount) out.timeout = chrono::seconds{*amount};
    if (same_name(name, "max") && amount) out.max = *amount;
  }
  return out;
}

}  // namespace weir::http
