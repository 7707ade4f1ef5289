#include "core/filter_words.hpp"

#include <algorithm>
#include <array>

namespace weir::core {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool same_word(std::string_view text, std::string_view word) noexcept {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

bool is_reserved(std::string_view word) noexcept {
  for (const std::string_view known : {"and", "or", "not", "true", "false", "null"})
    if (same_word(word, known)) return true;
  return false;
}

std::optional<Operator> comparison_of(std::string_view symbol) noexcept {
  if (symbol == "=" || symbol == "==") return Operator::eq;
  if (symbol == "!=" || symbol == "<>") return Operator::ne;
  if (symbol == "<") return Operator::lt;
  if (symbol == "<=") return Operator::le;
  if (symbol == ">") return Operator::gt;
  if (symbol == ">=") return Operator::ge;
  return std::nullopt;
}

std::optional<Operator> operator_of(std::string_view word) noexcept {
  for (const Operator op :
       {Operator::in, Operator::not_in, Operator::between, Operator::not_between, Operator::like, Operator::not_like,
        Operator::ilike, Operator::starts_with, Operator::contains, Operator::regex, Operator::match})
    if (same_word(word, to_string(op))) return op;
  return std::nullopt;
}

std::optional<Operator> negative_of(Operator op) noexcept {
  switch (op) {
    case Operator::in: return Operator::not_in;
    case Operator::between: return Operator::not_between;
    case Operator::like: return Operator::not_like;
    default: return std::nullopt;
  }
}

bool is_negative(Operator op) noexcept {
  return op == Operator::not_in || op == Operator::not_between || op == Operator::not_like;
}

std::string_view text_of(Operator op) noexcept {
  switch (op) {
    case Operator::eq: return "=";
    case Operator::ne: return "!=";
    case Operator::lt: return "<";
    case Operator::le: return "<=";
    case Operator::gt: return ">";
    case Operator::ge: return ">=";
    case Operator::not_in: return "not in";
    case Operator::not_between: return "not between";
    case Operator::not_like: return "not like";
    default: return to_string(op);
  }
}

}  // namespace weir::core
