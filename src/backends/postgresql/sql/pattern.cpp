#include "backends/postgresql/sql/pattern.hpp"

#include "core/utf8.hpp"

namespace weir::postgres {
namespace {

bool is_punctuation(char32_t c) noexcept {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// A backslash before what is no letter or digit makes it a plain character, in brackets too.
void append_literal(std::string& out, char32_t c) {
  if (is_punctuation(c)) out += '\\';
  core::append_utf8(out, c);
}

void append_text(std::string& out, std::string_view text, bool fold) {
  for (std::size_t position = 0; position < text.size();) {
    const char32_t c = core::decode_utf8(text, position);
    if (fold && c >= 'a' && c <= 'z') {
      out += '[';
      out += static_cast<char>(c);
      out += static_cast<char>(c - 'a' + 'A');
      out += ']';
    } else {
      append_literal(out, c);
    }
  }
}

void append(std::string& out, const RegexNode& node);

void append_group(std::string& out, const RegexNode& node) {
  out += "(?:";
  append(out, node);
  out += ')';
}

void append_class(std::string& out, const RegexNode& node) {
  out += node.negated ? "[^" : "[";
  for (const auto& range : node.ranges) {
    append_literal(out, range.first);
    if (range.last == range.first) continue;
    out += '-';
    append_literal(out, range.last);
  }
  out += ']';
}

void append_repeat(std::string& out, const RegexNode& node) {
  append_group(out, node.children[0]);
  out += '{' + std::to_string(node.min);
  if (!node.max) {
    out += ',';
  } else if (*node.max != node.min) {
    out += ',' + std::to_string(*node.max);
  }
  out += '}';
}

void append(std::string& out, const RegexNode& node) {
  switch (node.kind) {
    case RegexNode::Kind::character: append_literal(out, node.character); return;
    case RegexNode::Kind::any: out += '.'; return;
    case RegexNode::Kind::char_class: append_class(out, node); return;
    case RegexNode::Kind::sequence:
      for (const RegexNode& child : node.children) {
        if (child.kind == RegexNode::Kind::alternation) {
          append_group(out, child);
        } else {
          append(out, child);
        }
      }
      return;
    case RegexNode::Kind::alternation: {
      const char* separator = "";
      for (const RegexNode& child : node.children) {
        out += separator;
        append(out, child);
        separator = "|";
      }
      return;
    }
    case RegexNode::Kind::repeat: append_repeat(out, node); return;
  }
}

}  // namespace

std::string regular_expression(const LikePattern& pattern) {
  std::string out = "^(?:";
  for (const auto& element : pattern.elements()) {
    switch (element.kind) {
      case LikePattern::Kind::text:
        append_text(out, element.text, pattern.folding() == LikePattern::Case::fold_ascii);
        break;
      case LikePattern::Kind::any_one: out += '.'; break;
      case LikePattern::Kind::any_run: out += ".*"; break;
    }
  }
  return out + ")$";
}

std::string regular_expression(const Regex& regex) {
  std::string out = "^(?:";
  append(out, regex.root());
  return out + ")$";
}

}  // namespace weir::postgres
