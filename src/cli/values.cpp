#include "cli/values.hpp"

#include "cli/formats/problem.hpp"

#include <weir/error.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

namespace weir::cli {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view text, const std::string& why) {
  throw Error(errc::invalid_argument, std::string(option) + " \"" + excerpt(text) + "\": " + why);
}

// The digits at the beginning; the rest is left in `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

template <std::size_t N>
std::uint64_t with_unit(std::string_view option, std::string_view text, const std::array<Unit, N>& units,
                        const char* example) {
  auto rest = text;
  const auto number = take_number(rest);
  if (!number) refuse(option, text, std::string("should be a number with a unit, as in ") + example);
  for (const auto& unit : units) {
    if (rest != unit.name) continue;
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / unit.factor)
      refuse(option, text, "is too large");
    return *number * unit.factor;
  }
  refuse(option, text, "has an unknown unit; write " + std::string(example));
}

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text) {
  constexpr std::array units{Unit{"", 1}, Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
  return std::chrono::milliseconds(static_cast<std::int64_t>(with_unit(option, text, units, "500ms, 30s or 2m")));
}

std::size_t parse_size(std::string_view option, std::string_view text) {
  constexpr std::array units{Unit{"", 1},
                             Unit{"B", 1},
                             Unit{"kB", 1000},
                             Unit{"MB", 1'000'000},
                             Unit{"GB", 1'000'000'000},
                             Unit{"KiB", std::uint64_t{1} << 10},
                             Unit{"MiB", std::uint64_t{1} << 20},
                             Unit{"GiB", std::uint64_t{1} << 30}};
  return with_unit(option, text, units, "4096, 1MB or 16MiB");
}

std::size_t parse_number(std::string_view option, std::string_view text, std::size_t least, std::size_t most) {
  auto rest = text;
  const auto number = take_number(rest);
  if (!number || !rest.empty()) refuse(option, text, "should be a whole number");
  if (*number < least || *number > most)
    refuse(option, text, "should be from " + std::to_string(least) + " to " + std::to_string(most));
  return *number;
}

Partition parse_partition(std::string_view text) {
  auto rest = text;
  const auto index = take_number(rest);
  const bool slash = rest.starts_with('/');
  if (slash) rest.remove_prefix(1);
  const auto count = take_number(rest);
  if (!index || !slash || !count || !rest.empty())
    refuse("--partition", text, "should be PART/PARTS with the first part 0, as in 0/4");
  if (*index >= *count)
    refuse("--partition", text,
           "the parts of " + std::to_string(*count) + " are numbered from 0 to " +
               (*count == 0 ? "nothing" : std::to_string(*count - 1)));
  return Partition(*index, *count);
}

std::vector<std::string> split_list(std::string_view option, std::string_view text) {
  std::vector<std::string> items(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == ',')
      items.back() += text[++at];
    else if (text[at] == ',')
      items.emplace_back();
    else
      items.back() += text[at];
  }
  for (auto& item : items) {
    const auto begin = item.find_first_not_of(' ');
    if (begin == std::string::npos) refuse(option, text, "there is nothing between two commas");
    item = item.substr(begin, item.find_last_not_of(' ') - begin + 1);
  }
  return items;
}

std::vector<std::pair<std::string, Order>> parse_order(std::string_view text) {
  std::vector<std::pair<std::string, Order>> keys;
  for (auto& item : split_list("--order-by", text)) {
    auto order = Order::asc;
    const auto colon = item.rfind(':');
    if (colon != std::string::npos) {
      const auto direction = std::string_view(item).substr(colon + 1);
      if (direction != "asc" && direction != "desc")
        refuse("--order-by", item, "after the colon comes asc or desc, as in age:desc");
      if (direction == "desc") order = Order::desc;
      item.resize(colon);
    }
    keys.emplace_back(std::move(item), order);
  }
  return keys;
}

}  // namespace weir::cli
