#include "backends/postgresql/sql/index_condition.hpp"

#include "core/json_text.hpp"
#include "core/utf8.hpp"

#include <algorithm>

namespace weir::postgres {
namespace {

constexpr const char* look_inside = "'[0]'::jsonb";
constexpr std::size_t longest_list = 1000;

std::string value_of(const Json& operand, const Bind& bind) { return bind(Parameter::jsonb(core::dump_json(operand))); }

// jsonb's order within one type is the order meant; its order of types is strings, numbers, booleans, arrays.
std::string value_range(const Json& operand, const std::string& key, const char* op, const Bind& bind) {
  std::string condition = key + " " + op + " " + value_of(operand, bind);
  const bool below = op[0] == '<';
  if (operand.is_boolean()) {
    if (below) condition += " AND " + key + " >= 'false'::jsonb";
    if (!below) condition += " AND " + key + " <= 'true'::jsonb";
  } else if (!below) {
    condition += " AND " + key + " < 'false'::jsonb";
  } else {
    condition += " AND " + key + " > '\"\"'::jsonb";  // leaves NULL and null out; strings stay
  }
  return condition;
}

// The first characters of a text, as the index has them.
std::string beginning(std::string_view text) {
  std::size_t position = 0;
  for (std::size_t i = 0; i < Table::text_prefix && position < text.size(); ++i)
    position = core::next_character(text, position);
  return std::string(text.substr(0, position));
}

std::string either(const std::string& condition, const std::string& key) {
  return "(" + condition + " OR " + key + " = " + look_inside + ")";
}

std::optional<std::string> range(const Comparison& c, const IndexedPath& index, const char* op, const Bind& bind) {
  const std::string* text = operand_text(c.operands[0]);
  if (text == nullptr) return either(value_range(c.operands[0], index.value, op, bind), index.value);
  // Cut off, two texts may become equal, never change places.
  const char* const loose = op[0] == '<' ? "<=" : ">=";
  const std::string limit = bind(Parameter::text(beginning(*text)));
  return either(index.text + " COLLATE \"C\" " + loose + " " + limit, index.value);
}

std::optional<std::string> between(const Comparison& c, const IndexedPath& index, const Bind& bind) {
  const std::string* low = operand_text(c.operands[0]);
  const std::string* high = operand_text(c.operands[1]);
  if ((low == nullptr) != (high == nullptr) || c.operands[0].is_boolean() != c.operands[1].is_boolean())
    return std::nullopt;
  if (low == nullptr) {
    const std::string least = value_of(c.operands[0], bind);
    return either(index.value + " >= " + least + " AND " + index.value + " <= " + value_of(c.operands[1], bind),
                  index.value);
  }
  const std::string least = bind(Parameter::text(beginning(*low)));
  return either(index.text + " COLLATE \"C\" >= " + least + " AND " + index.text +
                    " COLLATE \"C\" <= " + bind(Parameter::text(beginning(*high))),
                index.value);
}

std::optional<std::string> prefix(const Comparison& c, const IndexedPath& index, const Bind& bind) {
  const std::string begin = beginning(*operand_text(c.operands[0]));
  if (begin.empty()) return std::nullopt;
  std::string condition = index.text + " COLLATE \"C\" >= " + bind(Parameter::text(begin));
  if (const auto end = end_of_prefix(begin))
    condition += " AND " + index.text + " COLLATE \"C\" < " + bind(Parameter::text(*end));
  return either(condition, index.value);
}

std::string equal_to_one_of(const std::vector<Json>& operands, const IndexedPath& index, const Bind& bind) {
  std::vector<std::string> values{"[0]"};
  for (const Json& operand : operands) {
    const std::string* text = operand_text(operand);
    if (text == nullptr || text->size() <= Table::longest_value) values.push_back(core::dump_json(operand));
  }
  return index.value + " = ANY(" + bind(Parameter::jsonb_array(values)) + ")";
}

}  // namespace

std::optional<std::string> index_condition(const Comparison& c, const IndexedPath& index, const Bind& bind) {
  if (c.negated || c.or_missing) return std::nullopt;
  switch (c.test) {
    case Operator::eq: return equal_to_one_of(c.operands, index, bind);
    case Operator::in:
      if (c.operands.size() > longest_list) return std::nullopt;
      return equal_to_one_of(c.operands, index, bind);
    case Operator::lt: return range(c, index, "<", bind);
    case Operator::le: return range(c, index, "<=", bind);
    case Operator::gt: return range(c, index, ">", bind);
    case Operator::ge: return range(c, index, ">=", bind);
    case Operator::between: return between(c, index, bind);
    case Operator::starts_with: return prefix(c, index, bind);
    default: return std::nullopt;
  }
}

std::optional<std::string> end_of_prefix(std::string_view text) {
  std::u32string codes;
  for (std::size_t position = 0; position < text.size();) codes += core::decode_utf8(text, position);
  while (!codes.empty() && codes.back() == 0x10FFFF) codes.pop_back();
  if (codes.empty()) return std::nullopt;
  codes.back() = codes.back() == 0xD7FF ? U'\uE000' : codes.back() + 1;
  std::string out;
  for (const char32_t code : codes) core::append_utf8(out, code);
  return out;
}

}  // namespace weir::postgres
