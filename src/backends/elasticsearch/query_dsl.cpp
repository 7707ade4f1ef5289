#include "backends/elasticsearch/query_dsl.hpp"

#include "backends/elasticsearch/number_range.hpp"
#include "backends/elasticsearch/patterns.hpp"
#include "core/scalar.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace weir::elasticsearch {
namespace {

// {outer: {inner: value}}
Json nested(const char* outer, const std::string& inner, Json value) {
  Json out = Json::object();
  out[outer][inner] = std::move(value);
  return out;
}

Json match_all() { return nested("match_all", "boost", 1.0); }

Json match_none() {
  Json out = Json::object();
  out["match_none"] = Json::object();
  return out;
}

Json exists_query(const std::string& field) { return nested("exists", "field", field); }

Json bool_query(const char* clause, Json queries) {
  Json out = nested("bool", clause, std::move(queries));
  if (std::string_view(clause) == "should") out["bool"]["minimum_should_match"] = 1;
  return out;
}

Json must_not(Json query) {
  Json list = Json::array();
  list.push_back(std::move(query));
  return bool_query("must_not", std::move(list));
}

Json any_of(std::vector<Json> queries) {
  if (queries.empty()) return match_none();
  if (queries.size() == 1) return std::move(queries.front());
  Json list = Json::array();
  for (auto& query : queries) list.push_back(std::move(query));
  return bool_query("should", std::move(list));
}

Json terms(const std::string& field, Json values) { return nested("terms", field, std::move(values)); }
Json term(const std::string& field, Json value) {
  Json out = Json::object();
  out["value"] = std::move(value);
  return nested("term", field, std::move(out));
}

Json wildcard(const std::string& field, std::string pattern, bool fold) {
  if (pattern.empty()) return term(field, "");  // an empty wildcard matches nothing
  Json out = Json::object();
  out["value"] = std::move(pattern);
  if (fold) out["case_insensitive"] = true;
  return nested("wildcard", field, std::move(out));
}

const char* bound_name(Operator op) {
  switch (op) {
    case Operator::lt: return "lt";
    case Operator::le: return "lte";
    case Operator::gt: return "gt";
    default: return "gte";
  }
}

// index.max_terms_count
constexpr std::size_t most_terms = 65'536;

std::vector<Json> terms_queries(const std::string& field, const std::vector<Json>& values) {
  std::vector<Json> out;
  for (std::size_t begin = 0; begin < values.size(); begin += most_terms) {
    Json list = Json::array();
    for (auto i = begin; i < std::min(values.size(), begin + most_terms); ++i) list.push_back(values[i]);
    out.push_back(terms(field, std::move(list)));
  }
  return out;
}

// A comparison of strings with a keyword field. `everything()` matches each document that has a string there.
template <class Everything>
Json compile_strings(const std::string& field, const Everything& everything, const Comparison& comparison) {
  if (comparison.test == Operator::in) {
    std::vector<Json> strings;
    for (const auto& operand : comparison.operands)
      if (operand.is_string()) strings.push_back(operand);
    return any_of(terms_queries(field, strings));
  }
  const bool all = std::ranges::all_of(comparison.operands, [](const Json& operand) { return operand.is_string(); });
  const auto front = [&comparison]() -> const std::string& {
    return comparison.operands.front().get_ref<const std::string&>();
  };
  switch (comparison.test) {
    case Operator::eq:
      if (!all) return match_none();
      return term(field, front());
    case Operator::lt:
    case Operator::le:
    case Operator::gt:
    case Operator::ge: {
      if (!all) return match_none();
      Json bound = Json::object();
      bound[bound_name(comparison.test)] = front();
      return nested("range", field, std::move(bound));
    }
    case Operator::between: {
      if (!all) return match_none();
      Json bounds = Json::object();
      bounds["gte"] = front();
      bounds["lte"] = comparison.operands.back();
      return nested("range", field, std::move(bounds));
    }
    case Operator::starts_with: {
      if (front().empty()) return everything();
      Json prefix = Json::object();
      prefix["value"] = front();
      return nested("prefix", field, std::move(prefix));
    }
    case Operator::contains:
      if (front().empty()) return everything();
      return wildcard(field, wildcard_containing(front()), false);
    case Operator::like:
    case Operator::ilike: {
      auto pattern = wildcard_of(*comparison.like);
      if (pattern == "*") return everything();
      return wildcard(field, std::move(pattern), comparison.test == Operator::ilike);
    }
    case Operator::regex: {
      auto pattern = regexp_of(*comparison.regex);
      if (pattern.empty()) return term(field, "");
      Json regexp = Json::object();
      regexp["value"] = std::move(pattern);
      regexp["flags"] = "NONE";
      return nested("regexp", field, std::move(regexp));
    }
    default: return match_none();
  }
}

// Numbers that a double holds exactly are one list; the others are intervals.
Json compile_number_list(const MappedField& field, const Comparison& comparison) {
  std::vector<Json> parts, small;
  for (const auto& operand : comparison.operands) {
    if (!operand.is_number()) continue;
    const auto number = operand.get<double>();
    if (std::fabs(number) < two_to_53 && field.kind != FieldKind::integer)
      small.push_back(number == 0 ? 0.0 : number);  // -0.0 is another term
    else
      for (auto& part : number_queries(field, NumberRange::exactly(operand))) parts.push_back(std::move(part));
  }
  for (auto& part : terms_queries(field.name, small)) parts.push_back(std::move(part));
  return any_of(std::move(parts));
}

Json compile_booleans(const std::string& field, const Comparison& comparison) {
  Json passing = Json::array();
  for (const bool value : {false, true})
    if (core::satisfies(comparison, core::Scalar::of(value))) passing.push_back(value);
  return passing.empty() ? match_none() : terms(field, std::move(passing));
}

Json compile_numbers(const MappedField& field, const Comparison& comparison) {
  if (comparison.test == Operator::in) return compile_number_list(field, comparison);
  for (const auto& operand : comparison.operands)
    if (!operand.is_number()) return match_none();
  if (comparison.operands.empty()) return match_none();
  const auto& first = comparison.operands.front();
  switch (comparison.test) {
    case Operator::eq: return any_of(number_queries(field, NumberRange::exactly(first)));
    case Operator::lt: return any_of(number_queries(field, NumberRange::below(first, false)));
    case Operator::le: return any_of(number_queries(field, NumberRange::below(first, true)));
    case Operator::gt: return any_of(number_queries(field, NumberRange::above(first, false)));
    case Operator::ge: return any_of(number_queries(field, NumberRange::above(first, true)));
    case Operator::between:
      return any_of(number_queries(field, NumberRange::within(first, comparison.operands.back())));
    default: return match_none();
  }
}

// The id where there is no field for it: Elasticsearch finds documents by exact ids only.
Json compile_bare_id(const Comparison& comparison) {
  Json values = Json::array();
  if (comparison.test != Operator::eq && comparison.test != Operator::in)
    throw Error(errc::unsupported, "this index holds no field with the id: only = and in compare it");
  for (const auto& operand : comparison.operands)
    if (operand.is_string()) values.push_back(operand);
  return values.empty() ? match_none() : nested("ids", "values", std::move(values));
}

class Compiler {
 public:
  explicit Compiler(const Mapping& mapping) : mapping_(mapping) {}

  Json node(const FilterNode& node) const {
    switch (node.kind) {
      case FilterNode::Kind::always: return match_all();
      case FilterNode::Kind::never: return match_none();
      case FilterNode::Kind::comparison: return comparison(*node.comparison);
      case FilterNode::Kind::negation: return must_not(this->node(*node.children.front()));
      case FilterNode::Kind::all_of:
      case FilterNode::Kind::any_of: break;
    }
    Json list = Json::array();
    for (const auto& child : node.children) list.push_back(this->node(*child));
    return bool_query(node.kind == FilterNode::Kind::all_of ? "filter" : "should", std::move(list));
  }

 private:
  Json comparison(const Comparison& comparison) const {
    Json query = comparison.on_id ? id(comparison) : field(comparison);
    if (comparison.or_missing) {
      std::vector<Json> either;
      either.push_back(std::move(query));
      either.push_back(must_not(exists(comparison)));
      query = any_of(std::move(either));
    }
    if (comparison.negated) return must_not(std::move(query));
    return query;
  }

  Json id(const Comparison& comparison) const {
    if (comparison.test == Operator::exists) return match_all();
    if (comparison.test == Operator::match) throw Error(errc::unsupported, "full text is not searched for in ids");
    if (mapping_.id_field().empty()) return compile_bare_id(comparison);
    return compile_strings(mapping_.id_field(), match_all, comparison);
  }

  Json exists(const Comparison& comparison) const {
    if (comparison.on_id) return match_all();
    const auto* const known = mapping_.find(comparison.path);
    if (known == nullptr) return match_none();
    // The subfield of a text field has no long strings; the field itself has them.
    return exists_query(known->full_text.empty() || known->type == "keyword" ? known->name : known->full_text);
  }

  Json field(const Comparison& comparison) const {
    if (comparison.test == Operator::exists) return exists(comparison);
    const auto* const known = mapping_.find(comparison.path);
    if (known == nullptr) return match_none();
    if (comparison.test == Operator::match) return full_text(*known, comparison);
    switch (known->kind) {
      case FieldKind::keyword: {
        const auto everything = [known] { return exists_query(known->name); };
        return compile_strings(known->name, everything, comparison);
      }
      case FieldKind::number:
      case FieldKind::floating:
      case FieldKind::integer: return compile_numbers(*known, comparison);
      case FieldKind::boolean: return compile_booleans(known->name, comparison);
      case FieldKind::object: return match_none();
      case FieldKind::text:
      case FieldKind::other: break;
    }
    throw Error(errc::unsupported, "the field " + comparison.path.to_string() + " is mapped as " + known->type +
                                       (known->kind == FieldKind::text ? ": only match and exists work on it"
                                                                       : ": only exists works on it"));
  }

  static Json full_text(const MappedField& known, const Comparison& comparison) {
    if (known.full_text.empty()) {
      if (known.kind == FieldKind::keyword || known.kind == FieldKind::other)
        throw Error(errc::unsupported, "the field " + comparison.path.to_string() + " has no full text index");
      return match_none();
    }
    Json query = Json::object();
    query["query"] = comparison.operands.front();
    return nested("match", known.full_text, std::move(query));
  }

  const Mapping& mapping_;
};

Json sort_key(const std::string& field, Order order) {
  Json key = Json::object();
  const bool ascending = order == Order::asc;
  key["order"] = ascending ? "asc" : "desc";
  key["mode"] = ascending ? "min" : "max";
  key["missing"] = "_last";
  Json out = Json::object();
  out[field] = std::move(key);
  return out;
}

}  // namespace

Json compile_filter(const Mapping& mapping, const Filter& filter) {
  Json list = Json::array();
  list.push_back(Compiler(mapping).node(filter.node()));
  return bool_query("filter", std::move(list));
}

Json compile_sort(const Mapping& mapping, const Query& query, bool id_may_be_sorted) {
  const auto id_key = [&](Order order) {
    if (mapping.id_field().empty() && !id_may_be_sorted)
      throw Error(errc::unsupported, "this index can be sorted neither by a field with the id nor by _id");
    Json out = Json::object();
    out[mapping.id_field().empty() ? "_id" : mapping.id_field()]["order"] = order == Order::asc ? "asc" : "desc";
    return out;
  };
  Json keys = Json::array();
  for (const auto& key : query.order()) {
    if (key.on_id()) {
      keys.push_back(id_key(key.order));
      return keys;  // nothing ties after it
    }
    const auto* const known = mapping.find(key.path);
    if (known == nullptr || known->kind == FieldKind::object) continue;
    if (known->kind == FieldKind::text || known->kind == FieldKind::other)
      throw Error(errc::unsupported, "the field " + key.path.to_string() + " is mapped as " + known->type +
                                         ", which has no order of ours");
    keys.push_back(sort_key(known->name, key.order));
    // Integers that round to one double are told apart by a key of their own.
    if (known->kind == FieldKind::number)
      keys.push_back(sort_key(key.order == Order::asc ? known->order_min : known->order_max, key.order));
  }
  keys.push_back(id_key(Order::asc));
  return keys;
}

}  // namespace weir::elasticsearch
