#include "backends/s3/timestamp.hpp"

namespace weir::s3 {
namespace {

void put(std::string& out, unsigned value, int digits) {
  const auto begin = out.size();
  out.resize(begin + static_cast<std::size_t>(digits));
  for (auto at = out.size(); at-- > begin; value /= 10) out[at] = static_cast<char>('0' + value % 10);
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t size) {
  if (at + size > text.size()) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, size)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string basic_time(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::string out;
  out.reserve(16);
  put(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(out, static_cast<unsigned>(date.month()), 2);
  put(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  put(out, static_cast<unsigned>(clock.hours().count()), 2);
  put(out, static_cast<unsigned>(clock.minutes().count()), 2);
  put(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += 'Z';
  return out;
}

std::optional<WallTime> parse_iso_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z')
    return std::nullopt;
  const auto y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2), h = number(text, 11, 2),
             mi = number(text, 14, 2), s = number(text, 17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*mo)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  auto result = sys_days(date) + hours{*h} + minutes{*mi} + seconds{*s};
  microseconds fraction{0};
  if (text[19] == '.') {
    int scale = 100'000;
    for (std::size_t i = 20; i + 1 < text.size(); ++i, scale /= 10) {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      fraction += microseconds{(text[i] - '0') * scale};
    }
  } else if (text.size() != 20) {
    return std::nullopt;
  }
  return WallTime(result) + fraction;
}

std::optional<WallTime> parse_http_time(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT") || text[3] != ',' || text[16] != ' ' || text[19] != ':' ||
      text[22] != ':')
    return std::nullopt;
  const auto month_at = months.find(text.substr(8, 3));
  const auto d = number(text, 5, 2), y = number(text, 12, 4), h = number(text, 17, 2), mi = number(text, 20, 2),
             s = number(text, 23, 2);
  if (month_at == std::string_view::npos || month_at % 3 != 0 || !d || !y || !h || !mi || !s) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(month_at / 3 + 1)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
  return sys_days(date) + hours{*h} + minutes{*mi} + seconds{*s};
}

}  // namespace weir::s3
