#include "backends/postgresql/sql/json_path.hpp"

#include "backends/postgresql/sql/pattern.hpp"
#include "core/json_text.hpp"

#include <weir/error.hpp>

namespace weir::postgres {
namespace {

// As deep as validated records have arrays directly inside one another.
constexpr const char* through_arrays = "[*][*][*][*][*][*][*][*]";

std::string json_string(std::string_view text) {
  std::string out;
  core::append_json_string(out, text);
  return out;
}

std::string comparison_with(const char* op, const Json& operand) {
  return std::string("@ ") + op + " " + core::dump_json(operand);
}

// Balanced, so that a list of thousands is not thousands of levels deep.
std::string any_of(const std::vector<Json>& operands, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return comparison_with("==", operands[begin]);
  const std::size_t middle = begin + (end - begin) / 2;
  return "(" + any_of(operands, begin, middle) + " || " + any_of(operands, middle, end) + ")";
}

const std::string& text_of(const Comparison& comparison) {
  return *comparison.operands[0].get_ptr<const std::string*>();
}

// A pattern without wildcards, or with one at its end, is what an index knows.
std::string like(const Comparison& comparison) {
  const auto& pattern = *comparison.like;
  const auto& elements = pattern.elements();
  const bool exact = pattern.folding() == LikePattern::Case::exact;
  if (elements.empty()) return "@ == \"\"";
  if (exact && elements[0].kind == LikePattern::Kind::text) {
    if (elements.size() == 1) return "@ == " + json_string(elements[0].text);
    if (elements.size() == 2 && elements[1].kind == LikePattern::Kind::any_run)
      return "@ starts with " + json_string(elements[0].text);
  }
  return "@ like_regex " + json_string(regular_expression(pattern)) + " flag \"s\"";
}

std::string condition(const Comparison& c) {
  switch (c.test) {
    case Operator::eq: return comparison_with("==", c.operands[0]);
    case Operator::lt: return comparison_with("<", c.operands[0]);
    case Operator::le: return comparison_with("<=", c.operands[0]);
    case Operator::gt: return comparison_with(">", c.operands[0]);
    case Operator::ge: return comparison_with(">=", c.operands[0]);
    case Operator::between: return comparison_with(">=", c.operands[0]) + " && " + comparison_with("<=", c.operands[1]);
    case Operator::in: return any_of(c.operands, 0, c.operands.size());
    case Operator::like:
    case Operator::ilike: return like(c);
    case Operator::starts_with: return "@ starts with " + json_string(text_of(c));
    case Operator::contains:
      if (text_of(c).empty()) return "@.type() == \"string\"";
      return "@ like_regex " + json_string(text_of(c)) + " flag \"q\"";
    case Operator::regex: return "@ like_regex " + json_string(regular_expression(*c.regex)) + " flag \"s\"";
    default: break;
  }
  throw Error(errc::unsupported,
              "match on \"" + c.path.to_string() + "\": PostgreSQL tables have no full text index here");
}

}  // namespace

std::string json_path(const Path& path, std::size_t skip) {
  std::string out = "$";
  if (skip != 0) out += through_arrays;
  for (std::size_t i = skip; i < path.keys().size(); ++i) {
    out += '.';
    core::append_json_string(out, path.keys()[i]);
    out += through_arrays;
  }
  return out;
}

std::string json_path(const Comparison& comparison, std::size_t skip) {
  if (comparison.test == Operator::exists) return json_path_exists(comparison.path, skip);
  return json_path(comparison.path, skip) + " ? (" + condition(comparison) + ")";
}

std::string json_path_exists(const Path& path, std::size_t skip) {
  return json_path(path, skip) + R"(.** ? (@.type() != "object" && @.type() != "array" && @ != null))";
}

}  // namespace weir::postgres
