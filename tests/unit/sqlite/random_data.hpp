#pragma once

// Random records and filters that meet each other: few keys, few values, all types, arrays and nesting.

#include <weir/filter.hpp>
#include <weir/record.hpp>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace weir::test {

class RandomData {
 public:
  explicit RandomData(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_); }
  bool chance(unsigned percent) { return below(100) < percent; }

  Json scalar() {
    static const std::vector<Json> scalars = {
        0,
        1,
        -1,
        2,
        1.0,
        1.5,
        -0.0,
        std::int64_t{9007199254740992},
        std::int64_t{9007199254740993},
        9007199254740992.0,
        std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min(),
        9223372036854775808.0,
        1e19,
        -1e300,
        5e-324,
        true,
        false,
        "",
        "a",
        "A",
        "ab",
        "a%b",
        "a_b",
        "a\\b",
        "a*b",
        "a\"b",
        "a'b",
        "a\nb",
        "\x01",
        "é",
        "É",
        "😀",
        "zz",
        "1",
        "true",
    };
    return scalars[below(scalars.size())];
  }

  Json value(unsigned depth = 0) {
    const auto kind = below(10);
    if (depth < 4 && kind == 0) return object(depth + 1);
    if (depth < 4 && kind <= 2) {
      Json array = Json::array();
      for (std::size_t i = below(4); i > 0; --i) array.push_back(value(depth + 1));
      return array;
    }
    if (kind == 3) return nullptr;
    return scalar();
  }

  Json object(unsigned depth = 0) {
    Json out = Json::object();
    for (std::size_t i = below(4) + (depth == 0 ? 1 : 0); i > 0; --i) out[key()] = value(depth);
    return out;
  }

  std::string key() {
    static const std::vector<std::string> keys = {"a",       "b",           "c", "a.b",      "0",
                                                  "q\"uote", "back\\slash", "é", "new\nline"};
    return keys[below(chance(70) ? 3 : keys.size())];
  }

  Path path() {
    std::vector<std::string> keys{key()};
    while (chance(35)) keys.push_back(key());
    return Path(std::move(keys));
  }

  std::string pattern() {
    static const std::vector<std::string> parts = {"%", "_", "a", "b", "\\%", "\\\\", "A", "é", "*", "\n"};
    std::string out;
    for (std::size_t i = below(5); i > 0; --i) out += parts[below(parts.size())];
    return out;
  }

  Filter comparison() {
    const Path where = path();
    const auto make = [&](Operator op, Json operand) {
      return chance(10) ? Filter::on_id(op, std::move(operand)) : Filter(where, op, std::move(operand));
    };
    switch (below(12)) {
      case 0: return make(Operator::exists, nullptr);
      case 1: return make(Operator::not_exists, nullptr);
      case 2: {
        Json list = Json::array();
        for (std::size_t i = below(4); i > 0; --i) list.push_back(chance(15) ? Json(nullptr) : scalar());
        return make(chance(50) ? Operator::in : Operator::not_in, std::move(list));
      }
      case 3: {
        Json ends = Json::array({scalar(), scalar()});
        return make(chance(70) ? Operator::between : Operator::not_between, std::move(ends));
      }
      case 4: return make(chance(70) ? Operator::like : Operator::not_like, pattern());
      case 5: return make(Operator::ilike, pattern());
      case 6: return make(chance(50) ? Operator::starts_with : Operator::contains, pattern());
      case 7: return make(Operator::regex, chance(50) ? "a.*" : "(a|b|A)+.?");
      case 8: return make(chance(50) ? Operator::eq : Operator::ne, chance(20) ? Json(nullptr) : scalar());
      default: {
        static const Operator ordered[] = {Operator::eq, Operator::ne, Operator::lt,
                                           Operator::le, Operator::gt, Operator::ge};
        return make(ordered[below(6)], scalar());
      }
    }
  }

  Filter filter(unsigned depth = 0) {
    if (depth >= 3 || chance(50)) return comparison();
    std::vector<Filter> parts;
    for (std::size_t i = below(3); i > 0; --i) parts.push_back(filter(depth + 1));
    switch (below(3)) {
      case 0: return Filter::all_of(parts);
      case 1: return Filter::any_of(parts);
      default: return Filter::negation(filter(depth + 1));
    }
  }

  std::string id() {
    static const std::vector<std::string> ids = {"a", "b", "ab", "A", "é", "1", "a%b", "zz", "a\nb", "😀"};
    return ids[below(ids.size())];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace weir::test
