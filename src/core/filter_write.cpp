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

bool is_list(const FilterNode& node) noexcept { return node.kind == Kind::all_of || node.kind == Kind::any_of; }

void append_node(std::string& out, const FilterNode& node);

// A part of something larger: a list in parentheses, and a list of one like its only element, which means the same.
void append_part(std::string& out, const FilterNode& node) {
  const FilterNode* part = &node;
  while (is_list(*part) && part->children.size() == 1) part = part->children.front().get();
  if (is_list(*part)) out += '(';
  append_node(out, *part);
  if (is_list(*part)) out += ')';
}

void append_list(std::string& out, const FilterNode& node, std::string_view word) {
  if (node.children.size() == 1) return append_node(out, *node.children.front());
  bool first = true;
  for (const auto& child : node.children) {
    if (!first) out += word;
    first = false;
    append_part(out, *child);
  }
}

void append_node(std::string& out, const FilterNode& node) {
  switch (node.kind) {
    case Kind::always: out += "true"; return;
    case Kind::never: out += "false"; return;
    case Kind::all_of: append_list(out, node, " and "); return;
    case Kind::any_of: append_list(out, node, " or "); return;
    case Kind::negation:
      out += "not ";
      append_part(out, *node.children.front());
      return;
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
