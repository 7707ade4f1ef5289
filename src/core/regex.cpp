#include "core/regex_parser.hpp"

#include <weir/error.hpp>
#include <weir/pattern.hpp>

#include <re2/re2.h>

#include <charconv>
#include <mutex>

namespace weir {
namespace {

// RE2 works within this; what does not fit is refused.
constexpr std::int64_t automaton_bytes = 64 << 20;

void append_character(std::string& out, char32_t c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
    out += static_cast<char>(c);
    return;
  }
  char hex[8];
  const auto end = std::to_chars(hex, hex + sizeof hex, static_cast<std::uint32_t>(c), 16).ptr;
  out += "\\x{";
  out.append(hex, end);
  out += '}';
}

void append_class(std::string& out, const RegexNode& node) {
  out += node.negated ? "[^" : "[";
  for (const auto& range : node.ranges) {
    append_character(out, range.first);
    if (range.last == range.first) continue;
    out += '-';
    append_character(out, range.last);
  }
  out += ']';
}

// RE2's own syntax, written from the tree.
void append_node(std::string& out, const RegexNode& node) {
  switch (node.kind) {
    case RegexNode::Kind::character: append_character(out, node.character); break;
    case RegexNode::Kind::any: out += '.'; break;
    case RegexNode::Kind::char_class: append_class(out, node); break;
    case RegexNode::Kind::sequence:
      for (const auto& child : node.children) append_node(out, child);
      break;
    case RegexNode::Kind::alternation:
      out += "(?:";
      for (const auto& child : node.children) {
        if (&child != node.children.data()) out += '|';
        append_node(out, child);
      }
      out += ')';
      break;
    case RegexNode::Kind::repeat:
      out += "(?:";
      append_node(out, node.children.front());
      out += "){" + std::to_string(node.min) + ",";
      if (node.max) out += std::to_string(*node.max);
      out += '}';
      break;
  }
}

}  // namespace

struct Regex::State {
  State(std::string text, RegexNode tree) : pattern(std::move(text)), root(std::move(tree)) {}
  std::string pattern;
  RegexNode root;
  // Compiled by the first match: most expressions are sent to a store and never run here.
  mutable std::once_flag compiled;
  mutable std::unique_ptr<const re2::RE2> automaton;
};

Regex Regex::parse(std::string_view pattern) {
  return Regex(std::make_shared<const State>(std::string(pattern), core::parse_regex(pattern)));
}

const std::string& Regex::pattern() const noexcept { return state_->pattern; }
const RegexNode& Regex::root() const noexcept { return state_->root; }

bool Regex::matches(std::string_view text) const {
  std::call_once(state_->compiled, [this] {
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingUTF8);
    options.set_dot_nl(true);
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(automaton_bytes);
    std::string own;
    append_node(own, state_->root);
    state_->automaton = std::make_unique<const re2::RE2>(own, options);
  });
  if (!state_->automaton->ok())
    throw Error(errc::unsupported, "a regular expression too large to be matched in linear time");
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *state_->automaton);
}

}  // namespace weir
