#include "generator.hpp"

#include "core/utf8.hpp"

#include <array>
#include <limits>

namespace weir::core::test {
namespace {

using oracle::Expression;
using oracle::Pattern;

constexpr std::array<const char*, 9> words{"", "a", "b", "A", "é", "🙂", "%", "_", "\\"};
constexpr std::array<const char*, 12> rare_words{"\n", "*", "?", "\"", "'", ".", "[", "É", "z", "\x7F", "\uFFFD", "`"};
constexpr std::array<const char*, 7> key_words{"a", "b", "c", "x.y", "\\", "0", "é"};

std::u32string letters() { return U"abAé🙂.%_\\\n-]"; }

bool is_special(char32_t c) {
  return c < 0x80 && std::string_view("\\.[](){}*+?|^$-&~").find(static_cast<char>(c)) != std::string_view::npos;
}

void append_escaped(std::string& out, char32_t c) {
  if (is_special(c)) out += '\\';
  append_utf8(out, c);
}

}  // namespace

std::string Generator::text() {
  std::string out;
  for (std::size_t i = below(5); i > 0; --i)
    out += chance(4) ? rare_words[below(rare_words.size())] : words[below(words.size())];
  return out;
}

Json Generator::scalar() {
  switch (below(8)) {
    case 0: return below(2) == 0;
    case 1:
    case 2: return static_cast<std::int64_t>(below(5)) - 2;
    case 3: return std::array{0.5, -0.0, 1.0, 2.0, -1.5, 1e19, -1e19, 5e-324, 1e308}[below(9)];
    case 4:
      return std::array{std::int64_t{9007199254740992}, std::int64_t{9007199254740993},
                        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
                        std::numeric_limits<std::int64_t>::max() - 1}[below(5)];
    case 5: return std::array{0x1p53, 0x1p53 + 2, 0x1p63, -0x1p63, 0x1p64, 0x1p53 - 0.5}[below(6)];
    default: return text();
  }
}

Json Generator::value(unsigned depth) {
  if (depth < 4 && chance(4)) {
    Json list = Json::array();
    for (std::size_t i = below(4); i > 0; --i) list.push_back(value(depth + 1));
    return list;
  }
  if (depth < 4 && chance(4)) {
    Json object = Json::object();
    for (std::size_t i = below(4); i > 0; --i) object[key_words[below(key_words.size())]] = value(depth + 1);
    return object;
  }
  if (chance(8)) return nullptr;
  return scalar();
}

Record Generator::record(std::size_t number) {
  Record out;
  for (std::size_t i = below(5); i > 0; --i) out.fields[key_words[below(key_words.size())]] = value(0);
  out.id = std::string(std::array{"a", "B", "é", "k"}[below(4)]) + std::to_string(number);
  return out;
}

oracle::Keys Generator::keys() {
  oracle::Keys out;
  for (std::size_t i = 1 + (chance(2) ? 0 : below(3)); i > 0; --i)
    out.emplace_back(key_words[chance(3) ? below(key_words.size()) : below(3)]);
  return out;
}

std::string Generator::like_pattern() {
  std::string out;
  for (std::size_t i = below(6); i > 0; --i) {
    const std::string word = words[below(words.size())];
    if (word == "\\")
      out += std::array{"\\\\", "\\%", "\\_", "\\a", "\\é"}[below(5)];
    else
      out += word;
  }
  return out;
}

Pattern Generator::pattern(unsigned depth) {
  Pattern out;
  switch (depth < 4 ? below(8) : below(3)) {
    case 0: out.kind = Pattern::Kind::any; return out;
    case 1: {
      out.kind = Pattern::Kind::set;
      out.negated = chance(2);
      for (std::size_t i = 1 + below(3); i > 0; --i) out.characters += letters()[below(letters().size())];
      return out;
    }
    case 3:
      out.kind = Pattern::Kind::either;
      for (std::size_t i = 2 + below(2); i > 0; --i) out.parts.push_back(pattern(depth + 1));
      return out;
    case 4:
    case 5:
      out.kind = Pattern::Kind::sequence;
      for (std::size_t i = 2 + below(3); i > 0; --i) out.parts.push_back(pattern(depth + 1));
      return out;
    case 6:
    case 7:
      out.kind = Pattern::Kind::repeat;
      out.parts.push_back(pattern(depth + 1));
      out.min = static_cast<unsigned>(below(3));
      out.max = out.min + static_cast<unsigned>(below(3));
      out.unbounded = chance(3);
      return out;
    default:
      out.kind = Pattern::Kind::character;
      out.characters = letters()[below(letters().size())];
      return out;
  }
}

Expression Generator::comparison() {
  Expression out;
  if (!chance(8)) out.keys = keys();
  out.op = static_cast<Operator>(below(static_cast<std::size_t>(Operator::match)));
  switch (out.op) {
    case Operator::exists:
    case Operator::not_exists: break;
    case Operator::in:
    case Operator::not_in:
      out.value = Json::array();
      for (std::size_t i = below(5); i > 0; --i) out.value.push_back(chance(6) ? Json() : scalar());
      break;
    case Operator::between:
    case Operator::not_between: out.value = Json::array({scalar(), scalar()}); break;
    case Operator::like:
    case Operator::not_like:
    case Operator::ilike: out.value = like_pattern(); break;
    case Operator::starts_with:
    case Operator::contains: out.value = text(); break;
    case Operator::regex:
      out.regex = pattern(0);
      out.value = regex_text(out.regex);
      break;
    case Operator::eq:
    case Operator::ne: out.value = chance(8) ? Json() : scalar(); break;
    default: out.value = scalar();
  }
  return out;
}

Expression Generator::expression(unsigned depth) {
  if (depth >= 4 || chance(2)) return comparison();
  Expression out;
  out.kind = std::array{Expression::Kind::all, Expression::Kind::any, Expression::Kind::negation}[below(3)];
  const std::size_t count = out.kind == Expression::Kind::negation ? 1 : below(4);
  for (std::size_t i = 0; i < count; ++i) out.parts.push_back(expression(depth + 1));
  return out;
}

std::vector<oracle::SortBy> Generator::order() {
  std::vector<oracle::SortBy> out;
  for (std::size_t i = below(4); i > 0; --i) out.push_back({chance(6) ? oracle::Keys{} : keys(), chance(2)});
  return out;
}

std::string path_text(const oracle::Keys& keys) {
  std::string out;
  for (const auto& key : keys) {
    if (!out.empty()) out += '.';
    for (const char c : key) out += c == '.' ? "\\." : c == '\\' ? "\\\\" : std::string(1, c);
  }
  return out;
}

std::string regex_text(const Pattern& pattern) {
  std::string out;
  switch (pattern.kind) {
    case Pattern::Kind::any: return ".";
    case Pattern::Kind::character: append_escaped(out, pattern.characters.front()); return out;
    case Pattern::Kind::set:
      out = pattern.negated ? "[^" : "[";
      for (const char32_t c : pattern.characters) append_escaped(out, c);
      return out + "]";
    case Pattern::Kind::sequence:
      for (const Pattern& part : pattern.parts)
        out += part.kind == Pattern::Kind::either ? "(" + regex_text(part) + ")" : regex_text(part);
      return out;
    case Pattern::Kind::either:
      for (const Pattern& part : pattern.parts) out += (out.empty() ? "" : "|") + regex_text(part);
      return out;
    case Pattern::Kind::repeat: break;
  }
  const std::string count = pattern.unbounded ? "," : "," + std::to_string(pattern.max);
  return "(" + regex_text(pattern.parts.front()) + "){" + std::to_string(pattern.min) + count + "}";
}

Json to_json(const Expression& expression) {
  Json out = Json::object();
  const auto list = [&expression] {
    Json parts = Json::array();
    for (const Expression& part : expression.parts) parts.push_back(to_json(part));
    return parts;
  };
  switch (expression.kind) {
    case Expression::Kind::all: out["and"] = list(); return out;
    case Expression::Kind::any: out["or"] = list(); return out;
    case Expression::Kind::negation: out["not"] = to_json(expression.parts.front()); return out;
    case Expression::Kind::comparison: break;
  }
  if (expression.keys.empty())
    out["id"] = true;
  else
    out["path"] = path_text(expression.keys);
  out["op"] = to_string(expression.op);
  if (expression.op != Operator::exists && expression.op != Operator::not_exists) out["value"] = expression.value;
  return out;
}

}  // namespace weir::core::test
