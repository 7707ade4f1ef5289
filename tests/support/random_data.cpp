#include "support/random_data.hpp"

#include <cstdint>
#include <limits>

namespace weir::test {
namespace {

const std::vector<std::string>& pieces() {
  static const std::vector<std::string> all{"a",  "b",  "A",  "B",  "ab", "x", "1", "%",      "_",      "\\",     "*",
                                            "\"", "'",  "\n", "[",  "]",  "?", "^", " ",      "é",      "É",      "ß",
                                            "😀", "日", "\t", "$",  "(",  ".", "{", "\x01",   "\x7f",   "\u2028", "|",
                                            "/",  "-",  "&",  "--", ";",  "@", "z", "\uFFFD", "\uE000", "𐀀",      "+"};
  return all;
}

const std::vector<Json>& numbers() {
  static const std::vector<Json> all{0,
                                     1,
                                     2,
                                     3,
                                     -1,
                                     7,
                                     255,
                                     1.5,
                                     2.5,
                                     -2.5,
                                     1.0,
                                     -0.0,
                                     0.1,
                                     1e-7,
                                     5e-324,
                                     1e300,
                                     -1e300,
                                     1.7976931348623157e308,
                                     9007199254740991,
                                     9007199254740992,
                                     9007199254740993,
                                     9007199254740992.0,
                                     -9007199254740993,
                                     std::numeric_limits<std::int64_t>::max(),
                                     std::numeric_limits<std::int64_t>::max() - 1,
                                     std::numeric_limits<std::int64_t>::min(),
                                     -9223372036854775808.0,
                                     9223372036854774784.0,
                                     9223372036854775808.0,
                                     1152921504606846976.0,
                                     1152921504606846977,
                                     1e19,
                                     0.30000000000000004,
                                     100,
                                     1e2};
  return all;
}

// What a path holds when it may hold one type only.
enum class Type { number, text, boolean };
const std::vector<std::string>& scalar_paths() {
  static const std::vector<std::string> all{"a", "b", "c", "d.e", "d.f", "d.g.h", "0", "s p", "k\\.l", "ü"};
  return all;
}
Type type_of(std::size_t path) { return static_cast<Type>(path % 3); }

Json random_number(Random& random, Mixing mixing) {
  Json number = random.chance(40) ? Json(random.between(-3, 8)) : random.pick(numbers());
  // A store of one type per path does not take the double 2^63.
  if (mixing == Mixing::one_per_path && number.is_number_float() && number == 0x1p63) number = 0x1p64;
  return number;
}

Json random_scalar(Random& random, std::size_t path, Mixing mixing) {
  const auto type = mixing == Mixing::one_per_path ? type_of(path) : static_cast<Type>(random.below(3));
  switch (type) {
    case Type::number: return random_number(random, mixing);
    case Type::text: return random_text(random);
    case Type::boolean: break;
  }
  return random.chance(50);
}

Json random_value(Random& random, std::size_t path, Mixing mixing, int depth) {
  const auto dice = random.below(100);
  if (dice < 8) return nullptr;
  if (dice < 24 && depth < 3) {
    Json list = Json::array();
    for (auto n = random.below(4); n > 0; --n) list.push_back(random_value(random, path, mixing, depth + 1));
    return list;
  }
  if (dice < 32 && depth < 3 && mixing == Mixing::mixed) {
    Json object = Json::object();
    for (auto n = random.below(3); n > 0; --n) {
      static const std::vector<std::string> keys{"e", "f", "g", "h", "", "0", "k.l"};
      object[random.pick(keys)] = random_value(random, path, mixing, depth + 1);
    }
    return object;
  }
  return random_scalar(random, path, mixing);
}

void put(Json& fields, const std::vector<std::string>& keys, Json value, Random& random, std::size_t next = 0) {
  if (next == keys.size()) {
    fields = std::move(value);
    return;
  }
  if (fields.is_array()) {
    if (!fields.empty()) return put(fields[random.below(fields.size())], keys, std::move(value), random, next);
    fields = Json::object();
  }
  if (!fields.is_object()) fields = Json::object();
  Json& below = fields[keys[next]];
  if (below.is_null() && next + 1 < keys.size() && random.chance(20)) {  // an array on the way
    below = Json::array({Json::object()});
    if (random.chance(50)) below.push_back(Json::object());
  }
  put(below, keys, std::move(value), random, next + 1);
}

std::string random_id(Random& random, std::size_t index) {
  static const std::vector<std::string> odd{"",   "/", "..", "%2F", " ",    "'",  "\"", "😀", "é",   "\\", "a/b/../c",
                                            "\n", "_", "A",  "~",   "\x7f", "#?", "日", "-",  "%00", ".",  "%"};
  return random.pick(odd) + std::to_string(index) + (random.chance(20) ? random.pick(odd) : "");
}

std::string regex_text(Random& random, int depth) {
  static const std::vector<std::string> atoms{"a",      "b",   "A", "x",      ".",   "[ab]",  "[^a]", "[a-z]", "\\.",
                                              "\\*",    "\\_", "%", "é",      "😀",  "[é日]", "1",    "\\\\",  "\\[",
                                              "[\\]a]", "\"",  "'", "[^\\^]", "\\$", "\n",    "_",    " "};
  static const std::vector<std::string> counts{"", "", "", "*", "+", "?", "{2}", "{1,}", "{0,2}"};
  std::string out;
  for (auto n = 1 + random.below(3); n > 0; --n) {
    if (depth < 2 && random.chance(20))
      out += "(" + regex_text(random, depth + 1) + (random.chance(50) ? "|" + regex_text(random, depth + 1) : "") + ")";
    else
      out += random.pick(atoms);
    out += random.pick(counts);
  }
  return out;
}

std::string like_text(Random& random) {
  std::string out;
  for (auto n = random.below(5); n > 0; --n) {
    switch (random.below(5)) {
      case 0: out += "%"; break;
      case 1: out += "_"; break;
      default: {
        const auto& piece = random.pick(pieces());
        if (piece == "%" || piece == "_" || piece == "\\" || random.chance(10)) out += "\\";
        out += piece;
      }
    }
  }
  return out;
}

Json random_filter(Random& random, Mixing mixing, int depth) {
  const auto dice = random.below(100);
  if (depth < 4 && dice < 40) {
    Json children = Json::array();
    for (auto n = random.below(4); n > 0; --n) children.push_back(random_filter(random, mixing, depth + 1));
    return Json{{dice < 20 ? "and" : "or", std::move(children)}};
  }
  if (depth < 4 && dice < 52) return Json{{"not", random_filter(random, mixing, depth + 1)}};
  return random_comparison(random, mixing);
}

std::string random_path(Random& random, std::size_t& index) {
  // Now and then a path that only leads through objects, or to nothing.
  static const std::vector<std::string> others{"d", "d.g", "a.e", "b.f.h", "none", "d.none", "a.0", "c.k\\.l"};
  if (random.chance(12)) {
    index = 2;
    return random.pick(others);
  }
  index = random.below(scalar_paths().size());
  return scalar_paths()[index];
}

}  // namespace

std::string random_text(Random& random) {
  std::string out;
  if (random.chance(2)) {
    const auto& piece = random.pick(pieces());
    for (int i = 0; i < 300; ++i) out += piece;
    return out;
  }
  for (auto n = random.below(5); n > 0; --n)
    out += random.chance(60) ? pieces()[random.below(5)] : random.pick(pieces());
  return out;
}

std::vector<Record> random_records(Random& random, std::size_t count, Mixing mixing) {
  std::vector<Record> out;
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    record.id = random_id(random, i);
    for (std::size_t path = 0; path < scalar_paths().size(); ++path) {
      const auto keys = Path::parse(scalar_paths()[path]).keys();
      // Nor keys with a dot.
      if (mixing == Mixing::one_per_path && keys.front().find('.') != std::string::npos) continue;
      if (random.chance(55)) put(record.fields, keys, random_value(random, path, mixing, 0), random);
    }
    if (random.chance(20)) record.metadata = Json{{"source", random_text(random)}, {"n", random.between(0, 9)}};
    out.push_back(std::move(record));
  }
  return out;
}

Json random_comparison(Random& random, Mixing mixing) {
  static const std::vector<std::string> operators{
      "eq",          "ne",   "lt",       "le",    "gt",          "ge",       "in",    "not_in", "between",
      "not_between", "like", "not_like", "ilike", "starts_with", "contains", "regex", "exists", "not_exists"};
  Json out = Json::object();
  std::size_t index = 0;
  const bool on_id = random.chance(6);
  if (on_id)
    out["id"] = true;
  else
    out["path"] = random_path(random, index);
  const auto op = random.pick(operators);
  out["op"] = op;
  auto scalar = [&] {
    if (on_id) return Json(random_id(random, random.below(40)));
    // Operands of another type than the path's are asked for on every store: they match nothing.
    return random_scalar(random, random.chance(85) ? index : random.below(3), mixing);
  };
  if (op == "exists" || op == "not_exists") return out;
  if (op == "in" || op == "not_in") {
    Json list = Json::array();
    for (auto n = random.below(5); n > 0; --n) list.push_back(random.chance(10) ? Json() : scalar());
    out["value"] = std::move(list);
  } else if (op == "between" || op == "not_between") {
    out["value"] = Json::array({scalar(), scalar()});
  } else if (op == "like" || op == "not_like" || op == "ilike") {
    out["value"] = like_text(random);
  } else if (op == "starts_with" || op == "contains") {
    out["value"] = random_text(random);
  } else if (op == "regex") {
    out["value"] = regex_text(random, 0);
  } else if ((op == "eq" || op == "ne") && random.chance(10)) {
    out["value"] = nullptr;
  } else {
    out["value"] = scalar();
  }
  return out;
}

Query random_query(Random& random, Mixing mixing) {
  Json out = Json::object();
  if (random.chance(95)) out["where"] = random_filter(random, mixing, 0);
  if (random.chance(60)) {
    out["order_by"] = Json::array();
    for (auto n = 1 + random.below(3); n > 0; --n) {
      Json key = Json::object();
      std::size_t index = 0;
      if (random.chance(10))
        key["id"] = true;
      else
        key["path"] = random_path(random, index);
      if (random.chance(60)) key["order"] = random.chance(50) ? "desc" : "asc";
      out["order_by"].push_back(std::move(key));
    }
  }
  if (random.chance(40)) out["limit"] = random.below(12);
  if (random.chance(30)) out["offset"] = random.below(8);
  if (random.chance(25)) {
    out["select"] = Json::array();
    std::size_t index = 0;
    for (auto n = random.below(4); n > 0; --n) out["select"].push_back(random_path(random, index));
  }
  return Query::from_json(out);
}

}  // namespace weir::test
