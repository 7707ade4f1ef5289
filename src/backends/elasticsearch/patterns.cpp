#include "backends/elasticsearch/patterns.hpp"

namespace weir::elasticsearch {
namespace {

void append_literal(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '\\') out += '\\';
    out += c;
  }
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](unsigned value) { out += static_cast<char>(value); };
  const auto code = static_cast<unsigned>(c);
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | code >> 6U);
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    byte(0xE0U | code >> 12U);
    byte(0x80U | (code >> 6U & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | code >> 18U);
    byte(0x80U | (code >> 12U & 0x3FU));
    byte(0x80U | (code >> 6U & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

// Whatever is neither letter nor digit is escaped: the quote is special even without flags.
void append_character(std::string& out, char32_t c) {
  const bool plain =
      (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9') || c >= 0x80 || c < 0x20;
  if (!plain) out += '\\';
  append_utf8(out, c);
}

void append_node(std::string& out, const RegexNode& node);

void append_group(std::string& out, const RegexNode& node) {
  const bool single = node.kind == RegexNode::Kind::character || node.kind == RegexNode::Kind::any ||
                      node.kind == RegexNode::Kind::char_class;
  if (!single) out += '(';
  append_node(out, node);
  if (!single) out += ')';
}

void append_node(std::string& out, const RegexNode& node) {
  switch (node.kind) {
    case RegexNode::Kind::character: append_character(out, node.character); break;
    case RegexNode::Kind::any: out += '.'; break;
    case RegexNode::Kind::char_class:
      out += node.negated ? "[^" : "[";
      for (const auto& range : node.ranges) {
        append_character(out, range.first);
        if (range.last == range.first) continue;
        out += '-';
        append_character(out, range.last);
      }
      out += ']';
      break;
    case RegexNode::Kind::sequence:
      for (const auto& child : node.children) {
        if (child.kind == RegexNode::Kind::alternation)
          append_group(out, child);
        else
          append_node(out, child);
      }
      break;
    case RegexNode::Kind::alternation:
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i != 0) out += '|';
        append_node(out, node.children[i]);
      }
      break;
    case RegexNode::Kind::repeat:
      append_group(out, node.children.front());
      out += '{' + std::to_string(node.min) + ',';
      if (node.max) out += std::to_string(*node.max);
      out += '}';
      break;
  }
}

}  // namespace

std::string wildcard_of(const LikePattern& pattern) {
  std::string out;
  for (const auto& element : pattern.elements()) {
    switch (element.kind) {
      case LikePattern::Kind::any_run: out += '*'; break;
      case LikePattern::Kind::any_one: out += '?'; break;
      case LikePattern::Kind::text: append_literal(out, element.text); break;
    }
  }
  return out;
}

std::string wildcard_containing(std::string_view text) {
  std::string out = "*";
  append_literal(out, text);
  out += '*';
  return out;
}

std::string regexp_of(const Regex& regex) {
  std::string out;
  append_node(out, regex.root());
  return out;
}

}  // namespace weir::elasticsearch
