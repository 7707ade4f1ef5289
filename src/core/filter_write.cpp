#include "core/filter_lexer.hpp"
#include "core/filter_words.hpp"
#include "core/json_text.hpp"

#include <weir/filter.hpp>

#include <algorithm>

namespace weir {
namespace {

using Kind = FilterNode::Kind;

void append_path(std::string& out, const Comparison& comparison) {
  if (comparison.on_id) {
    out += "id";
    return;
  }
  const std::string path = comparison.path.to_string();
  const bool plain = core::begins_word(path.front()) &&
                     std::all_of(path.begin(), path.end(), core::is_word_character) && path != "id" &&
                     !core::is_reserved(path);
  if (plain) {
    out += path;
    return;
  }
  out += '`';
  for (const char c : path) {
    out += c;
    if (c == '`') out += c;
  }
  out += '`';
}

void append_comparison(std::string& out, const Comparison& comparison) {
  if (comparison.op == Operator::exists || comparison.op == Operator::not_exists) {
    out += to_string(comparison.op);
    out += '(';
    append_path(out, comparison);
    out += ')';
    return;
  }
  append_path(out, comparison);
  out += ' ';
  out += core::text_of(comparison.op);
  out += ' ';
  switch (comparison.op) {
    case Operator::in:
    case Operator::not_in: {
      out += '(';
      const char* before = "";
      for (const Json& element : comparison.value) {
        out += before;
        core::append_json(out, element);
        before = ", ";
      }
      out += ')';
      return;
    }
    case Operator::between:
    case Operator::not_between:
      core::append_json(out, comparison.value[0]);
      out += " and ";
      core::append_json(out, comparison.value[1]);
      return;
    default: core::append_json(out, comparison.value);
  }
}

void append_node(std::string& out, const FilterNode& node);

// A list of one is written like its element, which means the same.
void append_list(std::string& out, const FilterNode& node, std::string_view word) {
  const char* before = "";
  for (const auto& child : node.children) {
    out += before;
    if (*before != '\0') {
      out += word;
      out += ' ';
    }
    before = " ";
    const bool nested = child->kind == Kind::all_of || child->kind == Kind::any_of;
    if (nested) out += '(';
    append_node(out, *child);
    if (nested) out += ')';
  }
}

void append_node(std::string& out, const FilterNode& node) {
  switch (node.kind) {
    case Kind::always: out += "true"; return;
    case Kind::never: out += "false"; return;
    case Kind::all_of: append_list(out, node, "and"); return;
    case Kind::any_of: append_list(out, node, "or"); return;
    case Kind::negation: {
      const Kind inner = node.children.front()->kind;
      const bool nested = inner == Kind::all_of || inner == Kind::any_of;
      out += nested ? "not (" : "not ";
      append_node(out, *node.children.front());
      if (nested) out += ')';
      return;
    }
    case Kind::comparison: append_comparison(out, *node.comparison); return;
  }
}

}  // namespace

std::string Filter::to_string() const {
  std::string out;
  append_node(out, node());
  return out;
}

}  // namespace weir
