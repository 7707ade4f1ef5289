#pragma once

// A row of the option table, written as a constant expression: `duration("timeout", "30s",
// "…").call().seconds("command_timeout")`.

#include <weir/config.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace weir::configuration {

/// Sets of backends.
using Families = unsigned;
namespace family {
inline constexpr Families memory = 1;
inline constexpr Families sqlite = 2;
inline constexpr Families postgres = 4;
inline constexpr Families elasticsearch = 8;
inline constexpr Families s3 = 16;
inline constexpr Families mongodb = 32;
inline constexpr Families registered = 64;
inline constexpr Families http = elasticsearch | s3;
inline constexpr Families with_hosts = postgres | elasticsearch | mongodb;
inline constexpr Families with_tls = with_hosts | s3;
inline constexpr Families all = 127;
}  // namespace family

/// Where a name is accepted.
using Forms = unsigned;
namespace form {
inline constexpr Forms key = 1;       ///< JSON, YAML, and upper-cased behind WEIR_<BACKEND>_
inline constexpr Forms query = 2;     ///< the query of a URL
inline constexpr Forms variable = 4;  ///< an environment variable of exactly this name
inline constexpr Forms conninfo = 8;  ///< libpq's "host=h dbname=d"
inline constexpr Forms any = key | query;
}  // namespace form

/// How a value given under an alias becomes one of the option.
enum class Conversion {
  none,
  seconds,             ///< a number of seconds, fractions allowed
  tls_mode,            ///< true is verify-full, false is disable; a mode stays
  inverted,            ///< true is false
  no_limit_when_zero,  ///< 0 is the largest value
  host,                ///< host names without ports, to be joined with the ports
  port,
  user_and_password,  ///< "user:password" or [user, password]
  id_and_key,         ///< [id, key] becomes base64("id:key"); text stays
  database_url        ///< a whole URL, looked at only when its scheme is this backend's
};

struct Alias {
  std::string_view name;
  Conversion conversion = Conversion::none;
  Forms forms = form::any;
  Families families = family::all;
};

struct FamilyDefault {
  Families families = 0;
  std::string_view value;
};

struct Option {
  static constexpr std::size_t max_aliases = 12;
  static constexpr std::uint64_t no_maximum = std::numeric_limits<std::uint64_t>::max();

  std::string_view name;
  OptionType type = OptionType::text;
  std::string_view fallback;  ///< the default as text; "=other": the value of another option
  std::string_view description;
  OptionScope scope = OptionScope::pool;
  Families families = family::all;
  std::string_view choices;    ///< "a|b|c"
  std::string_view zero_name;  ///< the word for 0, such as "auto"
  std::uint64_t minimum = 0;
  std::uint64_t maximum = no_maximum;
  bool secret = false;
  bool file = false;
  bool address = false;  ///< may hold "user:password@", which is not printed
  std::array<FamilyDefault, 2> family_defaults{};
  std::array<Alias, max_aliases> alias_slots{};
  std::size_t alias_count = 0;

  constexpr std::span<const Alias> aliases() const { return {alias_slots.data(), alias_count}; }
  constexpr std::string_view fallback_for(Families backend) const {
    for (const auto& other : family_defaults)
      if ((other.families & backend) != 0) return other.value;
    return fallback;
  }

  // Each of these gives the row with one property changed.
  constexpr Option call() const { return scoped(OptionScope::call); }
  constexpr Option local() const { return scoped(OptionScope::local); }
  constexpr Option scoped(OptionScope value) const {
    auto row = *this;
    row.scope = value;
    return row;
  }
  constexpr Option only(Families value) const {
    auto row = *this;
    row.families = value;
    return row;
  }
  constexpr Option range(std::uint64_t low, std::uint64_t high) const {
    auto row = *this;
    row.minimum = low;
    row.maximum = high;
    return row;
  }
  constexpr Option zero(std::string_view word) const {
    auto row = *this;
    row.zero_name = word;
    return row;
  }
  constexpr Option hidden() const {
    auto row = *this;
    row.secret = true;
    return row;
  }
  constexpr Option content() const {
    auto row = *this;
    row.file = true;
    return row;
  }
  constexpr Option with_address() const {
    auto row = *this;
    row.address = true;
    return row;
  }
  constexpr Option otherwise(Families backends, std::string_view value) const {
    auto row = *this;
    for (auto& slot : row.family_defaults)
      if (slot.families == 0) {
        slot = {backends, value};
        return row;
      }
    throw "too many defaults";  // not a constant expression: refused by the compiler
  }
  constexpr Option alias(std::string_view other, Conversion conversion = Conversion::none, Forms forms = form::any,
                         Families backends = family::all) const {
    auto row = *this;
    if (row.alias_count == max_aliases) throw "too many aliases";
    row.alias_slots[row.alias_count++] = {other, conversion, forms, backends};
    return row;
  }
  /// A name from MongoDB's connection strings, accepted in URLs of every backend that has the option.
  constexpr Option mongo(std::string_view other, Conversion conversion = Conversion::none) const {
    return alias(other, conversion, form::query);
  }
  constexpr Option variable(std::string_view other, Families backends, Conversion conversion = Conversion::none) const {
    return alias(other, conversion, form::variable, backends);
  }
};

constexpr Option row(OptionType type, std::string_view name, std::string_view fallback, std::string_view description) {
  Option result;
  result.name = name;
  result.type = type;
  result.fallback = fallback;
  result.description = description;
  return result;
}
constexpr Option boolean(std::string_view name, std::string_view fallback, std::string_view description) {
  return row(OptionType::boolean, name, fallback, description);
}
constexpr Option uint(std::string_view name, std::string_view fallback, std::string_view description) {
  return row(OptionType::uint, name, fallback, description).range(0, std::numeric_limits<std::uint32_t>::max());
}
constexpr Option duration(std::string_view name, std::string_view fallback, std::string_view description) {
  // 100 years: far below where adding it to a clock could overflow.
  return row(OptionType::duration, name, fallback, description).range(0, 3'155'760'000'000);
}
constexpr Option size(std::string_view name, std::string_view fallback, std::string_view description) {
  return row(OptionType::size, name, fallback, description).range(0, std::numeric_limits<std::int64_t>::max());
}
constexpr Option text(std::string_view name, std::string_view fallback, std::string_view description) {
  return row(OptionType::text, name, fallback, description);
}
constexpr Option list(std::string_view name, std::string_view fallback, std::string_view description) {
  return row(OptionType::list, name, fallback, description);
}
constexpr Option choice(std::string_view name, std::string_view words, std::string_view fallback,
                        std::string_view description) {
  auto result = row(OptionType::choice, name, fallback, description);
  result.choices = words;
  return result;
}

/// Every option of every backend of the library.
WEIR_API std::span<const Option> option_table();

}  // namespace weir::configuration
