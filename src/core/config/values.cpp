#include "core/config/values.hpp"

#include "core/ascii.hpp"
#include "core/config/option_set.hpp"
#include "core/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <numeric>

namespace weir::configuration {
namespace {

using core::is_digit;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit time_units[] = {{"us", 1},         {"ms", 1'000},        {"s", 1'000'000},
                               {"m", 60'000'000}, {"h", 3'600'000'000}, {"d", 86'400'000'000}};
constexpr Unit byte_units[] = {{"B", 1},
                               {"kB", 1'000},
                               {"KB", 1'000},
                               {"MB", 1'000'000},
                               {"GB", 1'000'000'000},
                               {"TB", 1'000'000'000'000},
                               {"KiB", 1'024},
                               {"kiB", 1'024},
                               {"MiB", 1'048'576},
                               {"GiB", 1'073'741'824},
                               {"TiB", 1'099'511'627'776}};

std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) throw Refusal{"it is too large"};
  return result;
}

// "1.5h" as a whole number of the smallest unit, exactly: no rounding, so that nothing becomes another value in
// silence.
std::uint64_t scaled(std::string_view text, std::span<const Unit> units, std::uint64_t factor_without_unit,
                     std::string_view expected) {
  const auto refuse = [&]() -> Refusal { return {"expected " + std::string(expected)}; };
  if (text.starts_with('-') && text.size() > 1 && is_digit(text[1])) throw Refusal{"it must not be negative"};
  std::size_t position = 0;
  std::uint64_t whole = 0;
  for (; position < text.size() && is_digit(text[position]); ++position) {
    whole = multiply(whole, 10);
    if (__builtin_add_overflow(whole, static_cast<std::uint64_t>(text[position] - '0'), &whole))
      throw Refusal{"it is too large"};
  }
  if (position == 0) throw refuse();
  std::string_view fraction;
  if (position < text.size() && text[position] == '.') {
    const auto begin = ++position;
    while (position < text.size() && is_digit(text[position])) ++position;
    fraction = text.substr(begin, position - begin);
    if (fraction.empty()) throw refuse();
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
  }
  auto unit = text.substr(position);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  std::uint64_t factor = factor_without_unit;
  if (!unit.empty()) {
    const auto* found = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; }).base();
    if (found == units.data() + units.size()) throw refuse();
    factor = found->factor;
  }
  std::uint64_t result = multiply(whole, factor);
  if (!fraction.empty()) {
    if (fraction.size() > 18) throw Refusal{"it is finer than the option's unit"};
    std::uint64_t numerator = 0, denominator = 1;
    for (const char digit : fraction) {
      numerator = numerator * 10 + static_cast<std::uint64_t>(digit - '0');
      denominator *= 10;
    }
    const auto common = std::gcd(factor, denominator);
    if (numerator % (denominator / common) != 0) throw Refusal{"it is finer than the option's unit"};
    if (__builtin_add_overflow(result, numerator / (denominator / common) * (factor / common), &result))
      throw Refusal{"it is too large"};
  }
  return result;
}

std::uint64_t whole_milliseconds(std::uint64_t microseconds) {
  if (microseconds % 1'000 != 0) throw Refusal{"it is not a whole number of milliseconds"};
  return microseconds / 1'000;
}

constexpr std::string_view expected_duration = "a duration: whole milliseconds, or a number with us, ms, s, m, h or d";
constexpr std::string_view expected_size =
    "a number of bytes, or a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB";

template <class Number>
Number number(std::string_view text, std::string_view expected) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) throw Refusal{"it is too large"};
  if (error != std::errc{} || end != text.data() + text.size()) throw Refusal{"expected " + std::string(expected)};
  return value;
}

std::string range_text(const Option& option, std::uint64_t value) {
  const std::string unit = option.type == OptionType::duration ? " ms"
                           : option.type == OptionType::size   ? " bytes"
                                                               : "";
  return std::to_string(value) + unit;
}

Json in_range(const Option& option, std::uint64_t value) {
  if (value < option.minimum) throw Refusal{"the least is " + range_text(option, option.minimum)};
  if (value > option.maximum) throw Refusal{"the most is " + range_text(option, option.maximum)};
  return value;
}

std::string words_of(const Option& option) {
  std::string words(option.choices);
  for (std::size_t at = 0; (at = words.find('|', at)) != std::string::npos; at += 2) words.replace(at, 1, ", ");
  return words;
}

Json checked_text(const Option& option, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw Refusal{"text must not contain NUL"};
  if (!valid_utf8(text)) throw Refusal{"text must be UTF-8"};
  if (option.type == OptionType::text && text.size() > option.maximum)
    throw Refusal{"the most is " + std::to_string(option.maximum) + " bytes"};
  return std::string(text);
}

Json checked_choice(const Option& option, std::string_view text) {
  for (auto rest = option.choices; !rest.empty();) {
    const auto word = rest.substr(0, rest.find('|'));
    if (word == text) return std::string(text);
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  throw Refusal{"expected one of " + words_of(option)};
}

Json checked_list(const Option& option, const std::vector<std::string>& elements) {
  Json result = Json::array();
  for (const auto& element : elements) {
    if (element.empty()) throw Refusal{"an element of the list is empty"};
    result.push_back(checked_text(option, element));
  }
  return result;
}

}  // namespace

Json value_from_text(const Option& option, std::string_view text) {
  if (!option.zero_name.empty() && text == option.zero_name) return std::uint64_t{0};
  switch (option.type) {
    case OptionType::boolean:
      if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
      if (text == "false" || text == "0" || text == "no" || text == "off") return false;
      throw Refusal{"expected true or false"};
    case OptionType::uint: {
      if (text.starts_with('-') && text.size() > 1 && is_digit(text[1])) throw Refusal{"it must not be negative"};
      const std::string_view expected = option.zero_name.empty() ? "a whole number" : "a whole number or ";
      return in_range(option, number<std::uint64_t>(text, std::string(expected) + std::string(option.zero_name)));
    }
    case OptionType::integer: return number<std::int64_t>(text, "a whole number");
    case OptionType::duration:
      return in_range(option, whole_milliseconds(scaled(text, time_units, 1'000, expected_duration)));
    case OptionType::size: return in_range(option, scaled(text, byte_units, 1, expected_size));
    case OptionType::text: return checked_text(option, text);
    case OptionType::choice: return checked_choice(option, text);
    case OptionType::list: return checked_list(option, split_list(text));
  }
  throw Refusal{"the option has no type"};
}

Json value_from_json(const Option& option, const Json& value) {
  if (value.is_null()) throw Refusal{"it has no value; leave the option out for its default"};
  const bool number_given = value.is_number_integer() && (value.is_number_unsigned() || value.get<std::int64_t>() >= 0);
  switch (option.type) {
    case OptionType::boolean:
      if (value.is_boolean()) return value;
      throw Refusal{"expected true or false"};
    case OptionType::integer:
      if (value.is_number_integer()) return value_from_text(option, value.dump());
      throw Refusal{"expected a whole number"};
    case OptionType::uint:
      if (number_given) return in_range(option, value.get<std::uint64_t>());
      if (value.is_number_integer()) throw Refusal{"it must not be negative"};
      if (value.is_string() && value.get_ref<const std::string&>() == option.zero_name && !option.zero_name.empty())
        return std::uint64_t{0};
      throw Refusal{"expected a whole number"};
    case OptionType::duration:
    case OptionType::size:
      if (number_given) return in_range(option, value.get<std::uint64_t>());
      if (value.is_number_integer()) throw Refusal{"it must not be negative"};
      if (value.is_string()) return value_from_text(option, value.get_ref<const std::string&>());
      throw Refusal{"expected " + std::string(option.type == OptionType::size ? expected_size : expected_duration)};
    case OptionType::text:
    case OptionType::choice:
      if (value.is_string()) return value_from_text(option, value.get_ref<const std::string&>());
      throw Refusal{"expected a string"};
    case OptionType::list:
      if (value.is_string()) return value_from_text(option, value.get_ref<const std::string&>());
      if (value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& e) { return e.is_string(); }))
        return checked_list(option, value.get<std::vector<std::string>>());
      throw Refusal{"expected a list of strings"};
  }
  throw Refusal{"the option has no type"};
}

std::string value_to_text(const Option& option, const Json& value) {
  switch (option.type) {
    case OptionType::text:
    case OptionType::choice: return value.get<std::string>();
    case OptionType::list: return join_list(value.get<std::vector<std::string>>());
    default: return value.dump();
  }
}

Json milliseconds_from_seconds(std::string_view text) {
  return whole_milliseconds(scaled(text, time_units, 1'000'000, "a number of seconds"));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> result;
  std::string element;
  std::size_t kept = 0;  // trailing blanks beyond this length are trimmed
  const auto finish = [&] {
    element.resize(std::max(kept, element.find_last_not_of(" \t") + 1));
    if (element.empty()) throw Refusal{"an element of the list is empty"};
    result.push_back(std::move(element));
    element.clear();
    kept = 0;
  };
  if (text.find_first_not_of(" \t") == std::string_view::npos) return result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() &&
        (text[i + 1] == ',' || text[i + 1] == '\\' || text[i + 1] == ' ' || text[i + 1] == '\t')) {
      element += text[++i];
      kept = element.size();
    } else if (c == ',') {
      finish();
    } else if ((c != ' ' && c != '\t') || !element.empty()) {
      element += c;
    }
  }
  finish();
  return result;
}

std::string join_list(const std::vector<std::string>& elements) {
  std::string result;
  for (const auto& element : elements) {
    if (!result.empty()) result += ',';
    const auto first = element.find_first_not_of(" \t");
    const auto last = element.find_last_not_of(" \t");
    for (std::size_t i = 0; i < element.size(); ++i) {
      const bool outer_blank = first == std::string::npos || i < first || i > last;
      if (element[i] == ',' || element[i] == '\\' || outer_blank) result += '\\';
      result += element[i];
    }
  }
  return result;
}

bool valid_utf8(std::string_view text) { return core::check_text(text) != core::TextFault::invalid_utf8; }

bool presentable_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  });
}

std::string shown(std::string_view value) {
  const auto holds = [value](std::string_view part) { return value.find(part) != std::string_view::npos; };
  // The last is a URL of which the '?' was lost.
  if (holds("@") || holds("://") || (holds("=") && free_form_option(value).secret))
    return "(not shown: it may hold a password)";
  std::string result = "\"";
  for (const char c : value.substr(0, 80)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char buffer[5];
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      result += buffer;
    } else {
      result += c;
    }
  }
  return result + (value.size() > 80 ? "…\"" : "\"");
}

std::string without_userinfo(std::string_view url, std::string_view with) {
  const auto at = url.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  // Kept in front: "scheme://" or "//", and nothing that could be a part of what must go.
  const auto slashes = url.find("//");
  const auto scheme = url.substr(0, slashes == std::string_view::npos ? 0 : slashes);
  const bool keep = slashes < at && (scheme.empty() ||
                                     (scheme.ends_with(':') && presentable_name(scheme.substr(0, scheme.size() - 1))));
  const auto begin = keep ? slashes + 2 : 0;
  const auto rest = with.empty() ? at + 1 : at;
  return std::string(url.substr(0, begin)) + std::string(with) + std::string(url.substr(rest));
}

}  // namespace weir::configuration
