#include "core/regex_parser.hpp"

#include "core/utf8.hpp"

#include <weir/error.hpp>

#include <algorithm>

namespace weir::core {
namespace {

using Kind = RegexNode::Kind;

bool is_punctuation(char32_t c) noexcept {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) {
    for (std::size_t position = 0; position < pattern.size();) {
      const char32_t code = decode_utf8(pattern, position);
      if (code == invalid_code_point) throw Error(errc::invalid_query, "the expression is not valid UTF-8");
      if (characters_.size() == Regex::max_characters)
        throw Error(errc::invalid_query,
                    "the expression has more than " + std::to_string(Regex::max_characters) + " characters");
      characters_.push_back(code);
    }
  }

  RegexNode parse() {
    RegexNode node = alternation();
    if (!at_end()) fail("a closing parenthesis without an opening one");
    return node;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(errc::invalid_query, "at character " + std::to_string(position_ + 1) + " of the expression: " + why);
  }
  bool at_end() const noexcept { return position_ == characters_.size(); }
  char32_t peek() const noexcept { return at_end() ? 0 : characters_[position_]; }
  bool take(char32_t wanted) noexcept {
    if (at_end() || characters_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  RegexNode alternation() {
    std::vector<RegexNode> alternatives;
    do alternatives.push_back(sequence());
    while (take('|'));
    if (alternatives.size() == 1) return std::move(alternatives.front());
    RegexNode node;
    node.kind = Kind::alternation;
    node.children = std::move(alternatives);
    return node;
  }

  RegexNode sequence() {
    std::vector<RegexNode> items;
    while (!at_end() && peek() != '|' && peek() != ')') items.push_back(quantified());
    if (items.empty()) fail("an empty alternative");
    if (items.size() == 1) return std::move(items.front());
    RegexNode node;
    node.kind = Kind::sequence;
    node.children = std::move(items);
    return node;
  }

  RegexNode quantified() {
    RegexNode item = atom();
    if (!is_quantifier(peek())) return item;
    RegexNode node;
    node.kind = Kind::repeat;
    node.children.push_back(std::move(item));
    const char32_t quantifier = characters_[position_++];
    if (quantifier == '+') node.min = 1;
    if (quantifier == '?') node.max = 1;
    if (quantifier == '{') counts(node);
    if (is_quantifier(peek())) fail("a quantifier behind a quantifier");
    return node;
  }

  bool is_quantifier(char32_t c) const noexcept { return !at_end() && (c == '*' || c == '+' || c == '?' || c == '{'); }

  void counts(RegexNode& node) {
    node.min = count();
    if (!take(',')) {
      node.max = node.min;
    } else if (peek() != '}') {
      node.max = count();
      if (*node.max < node.min) fail("the second count is less than the first");
    }
    if (!take('}')) fail("a repetition is {m}, {m,} or {m,n}");
  }

  unsigned count() {
    unsigned value = 0;
    const std::size_t begin = position_;
    while (!at_end() && peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<unsigned>(characters_[position_++] - '0');
      if (value > Regex::max_count) fail("a count is at most " + std::to_string(Regex::max_count));
    }
    if (position_ == begin) fail("a repetition is {m}, {m,} or {m,n}");
    return value;
  }

  RegexNode atom() {
    RegexNode node;
    const char32_t c = characters_[position_];
    switch (c) {
      case '(': return group();
      case '[': return char_class();
      case '.': ++position_; return node;
      case '\\': node.character = escaped(); break;
      case '*':
      case '+':
      case '?':
      case '{': fail("nothing to repeat");
      case '^':
      case '$': fail("no anchors: the whole string is matched; write \\^ or \\$ for the character");
      case ']':
      case '}': fail("a closing bracket without an opening one; write it with a backslash");
      default: node.character = c; ++position_;
    }
    node.kind = Kind::character;
    return node;
  }

  RegexNode group() {
    ++position_;
    if (peek() == '?') fail("no (?…) groups");
    RegexNode node = alternation();
    if (!take(')')) fail("a group is not closed");
    return node;
  }

  char32_t escaped() {
    ++position_;
    if (at_end()) fail("a backslash at the end");
    if (!is_punctuation(peek())) fail("a backslash stands before ASCII punctuation only");
    return characters_[position_++];
  }

  RegexNode char_class() {
    RegexNode node;
    node.kind = Kind::char_class;
    ++position_;
    node.negated = take('^');
    while (!take(']')) {
      if (at_end()) fail("a class is not closed");
      const char32_t first = class_character();
      char32_t last = first;
      if (take('-')) {
        if (at_end()) fail("a class is not closed");
        last = class_character();
        if (last < first) fail("a range runs backwards");
      }
      node.ranges.push_back({first, last});
    }
    if (node.ranges.empty()) {
      --position_;
      fail("an empty class");
    }
    return node;
  }

  char32_t class_character() {
    const char32_t c = peek();
    if (c == '\\') return escaped();
    if (c == '[' || c == ']' || c == '^' || c == '-' || c == '&' || c == '~')
      fail("in a class [ ] ^ - & ~ are escaped");
    ++position_;
    return c;
  }

  std::u32string characters_;
  std::size_t position_ = 0;
};

}  // namespace

RegexNode parse_regex(std::string_view pattern) { return Parser(pattern).parse(); }

}  // namespace weir::core
