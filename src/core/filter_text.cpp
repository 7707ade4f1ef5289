#include "core/filter_lexer.hpp"
#include "core/filter_words.hpp"

#include <weir/error.hpp>
#include <weir/filter.hpp>

#include <optional>

namespace weir {
namespace core {
namespace {

// The grammar, `or` binding least:
//   or         = and { "or" and }
//   and        = not { "and" not }
//   not        = "not" not | primary
//   primary    = "(" or ")" | "true" | "false" | ("exists" | "not_exists") "(" path ")" | path comparison
//   comparison = ("=" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] ("in" "(" [value {"," value}] ")" | "between"
//   value "and" value |
//                ("like" | "ilike" | "starts_with" | "contains" | "regex" | "match") value) | "not_in" … |
//                "not_between" … | "not_like" …
class FilterParser {
 public:
  explicit FilterParser(std::string_view text) : lexer_(text), token_(lexer_.next()), ahead_(lexer_.next()) {}

  Filter parse() {
    Filter filter = disjunction(1);
    if (token_.kind != Token::Kind::end) lexer_.fail(token_, "`and`, `or` or the end");
    return filter;
  }

 private:
  Token take() {
    Token taken = std::move(token_);
    token_ = std::move(ahead_);
    // Lexing stops at the end: behind it is nothing to look at.
    if (token_.kind != Token::Kind::end) ahead_ = lexer_.next();
    return taken;
  }
  bool is_word(const Token& token, std::string_view word) const noexcept {
    return token.kind == Token::Kind::word && same_word(token.text, word);
  }
  bool is_symbol(const Token& token, std::string_view symbol) const noexcept {
    return token.kind == Token::Kind::symbol && token.text == symbol;
  }
  bool take_word(std::string_view word) {
    if (!is_word(token_, word)) return false;
    take();
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (!is_symbol(token_, symbol)) return false;
    take();
    return true;
  }
  void expect_symbol(std::string_view symbol, std::string_view expected) {
    if (!take_symbol(symbol)) lexer_.fail(token_, expected);
  }

  Filter disjunction(std::size_t depth) {
    std::vector<Filter> parts;
    do parts.push_back(conjunction(depth));
    while (take_word("or"));
    return parts.size() == 1 ? std::move(parts.front()) : Filter::any_of(parts);
  }

  Filter conjunction(std::size_t depth) {
    std::vector<Filter> parts;
    do parts.push_back(negation(depth));
    while (take_word("and"));
    return parts.size() == 1 ? std::move(parts.front()) : Filter::all_of(parts);
  }

  Filter negation(std::size_t depth) {
    if (depth > 2 * Filter::max_depth)
      throw Error(errc::invalid_query,
                  "filter: nested deeper than " + std::to_string(2 * Filter::max_depth) + " parentheses");
    if (take_word("not")) return Filter::negation(negation(depth + 1));
    return primary(depth);
  }

  Filter primary(std::size_t depth) {
    if (take_symbol("(")) {
      Filter inner = disjunction(depth + 1);
      expect_symbol(")", "`and`, `or` or `)`");
      return inner;
    }
    for (const Operator op : {Operator::exists, Operator::not_exists}) {
      if (!is_word(token_, to_string(op)) || !is_symbol(ahead_, "(")) continue;
      take();
      take();
      const Operand operand = path();
      expect_symbol(")", "`)`");
      return operand.compare(op, {});
    }
    if (take_word("true")) return {};
    if (take_word("false")) return Filter::any_of({});
    return comparison(path());
  }

  struct Operand {
    std::optional<Path> path;  // empty: the record's id
    Filter compare(Operator op, Json value) const {
      return path ? Filter(*path, op, std::move(value)) : Filter::on_id(op, std::move(value));
    }
  };

  Operand path() {
    if (token_.kind == Token::Kind::quoted_path) return {Path::parse(take().value)};
    if (token_.kind != Token::Kind::word || is_reserved(token_.text))
      lexer_.fail(token_, "a path, `not`, `exists(…)` or `(`");
    const Token word = take();
    if (word.text == "id") return {};
    return {Path::parse(word.text)};
  }

  Filter comparison(const Operand& operand) {
    if (token_.kind == Token::Kind::symbol) {
      if (const auto op = comparison_of(token_.text)) {
        take();
        return operand.compare(*op, value());
      }
    }
    const bool negated = take_word("not");
    if (token_.kind != Token::Kind::word) fail_operator();
    const auto op = operator_of(token_.text);
    if (!op || (negated && is_negative(*op))) fail_operator();
    take();
    Filter filter = operand.compare(negated ? negative_of(*op).value_or(*op) : *op, operands(*op));
    return negated && !negative_of(*op) ? Filter::negation(filter) : filter;
  }

  [[noreturn]] void fail_operator() const {
    lexer_.fail(token_, "an operator (= != < <= > >= in between like ilike starts_with contains regex match)");
  }

  Json operands(Operator op) {
    switch (op) {
      case Operator::in:
      case Operator::not_in: return list();
      case Operator::between:
      case Operator::not_between: {
        Json ends = Json::array();
        ends.push_back(value());
        if (!take_word("and")) lexer_.fail(token_, "`and` between two ends");
        ends.push_back(value());
        return ends;
      }
      default: return value();
    }
  }

  Json list() {
    expect_symbol("(", "`(` and a list of values");
    Json out = Json::array();
    if (take_symbol(")")) return out;
    do out.push_back(value());
    while (take_symbol(","));
    expect_symbol(")", "`,` or `)`");
    return out;
  }

  Json value() {
    switch (token_.kind) {
      case Token::Kind::string: return Json(std::move(take().value));
      case Token::Kind::number: return take().number;
      case Token::Kind::word:
        if (take_word("null")) return nullptr;
        if (take_word("true")) return true;
        if (take_word("false")) return false;
        lexer_.fail(token_, "a value (text stands in quotes, and fields are not compared with each other)");
      default: lexer_.fail(token_, "a value");
    }
  }

  FilterLexer lexer_;
  Token token_;
  Token ahead_;
};

}  // namespace
}  // namespace core

Filter Filter::parse(std::string_view text) { return core::FilterParser(text).parse(); }

}  // namespace weir
