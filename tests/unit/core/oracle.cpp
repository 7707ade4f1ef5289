#include "oracle.hpp"

#include "core/utf8.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace weir::core::test::oracle {
namespace {

// 64 bits of mantissa hold every int64, every uint64 and every double exactly.
static_assert(std::numeric_limits<long double>::digits >= 64);

long double number_of(const Json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
  return static_cast<long double>(value.get<double>());
}

std::u32string characters_of(const std::string& text) {
  std::u32string out;
  for (std::size_t position = 0; position < text.size();) out += decode_utf8(text, position);
  return out;
}

int type_of(const Json& value) { return value.is_number() ? 0 : value.is_string() ? 1 : 2; }

// Of values of one type.
int order_of(const Json& a, const Json& b) {
  if (type_of(a) == 0) return number_of(a) < number_of(b) ? -1 : number_of(a) > number_of(b) ? 1 : 0;
  if (type_of(a) == 1) return characters_of(a.get<std::string>()).compare(characters_of(b.get<std::string>()));
  return static_cast<int>(a.get<bool>()) - static_cast<int>(b.get<bool>());
}

void collect(const Json& at, const Keys& keys, std::size_t used, std::vector<Json>& out) {
  if (at.is_array()) {
    for (const Json& element : at) collect(element, keys, used, out);
  } else if (used == keys.size()) {
    if (at.is_primitive() && !at.is_null()) out.push_back(at);
  } else if (at.is_object() && at.contains(keys[used])) {
    collect(at.at(keys[used]), keys, used + 1, out);
  }
}

bool scalar_below(const Json& at) {
  if (!at.is_structured()) return !at.is_null();
  return std::any_of(at.begin(), at.end(), scalar_below);
}

bool exists_at(const Json& at, const Keys& keys, std::size_t used) {
  if (used == keys.size()) return scalar_below(at);
  if (at.is_array())
    return std::any_of(at.begin(), at.end(), [&](const Json& element) { return exists_at(element, keys, used); });
  return at.is_object() && at.contains(keys[used]) && exists_at(at.at(keys[used]), keys, used + 1);
}

bool like(const std::u32string& pattern, std::size_t p, const std::u32string& text, std::size_t t) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == '%') {
    for (std::size_t next = t; next <= text.size(); ++next)
      if (like(pattern, p + 1, text, next)) return true;
    return false;
  }
  if (t == text.size()) return false;
  if (pattern[p] == '_') return like(pattern, p + 1, text, t + 1);
  if (pattern[p] == '\\') ++p;
  return pattern[p] == text[t] && like(pattern, p + 1, text, t + 1);
}

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

using Positions = std::set<std::size_t>;

// Where a match that begins at one of `from` can end.
Positions ends(const Pattern& pattern, const std::u32string& text, const Positions& from) {
  Positions out;
  switch (pattern.kind) {
    case Pattern::Kind::character:
    case Pattern::Kind::any:
    case Pattern::Kind::set:
      for (const std::size_t at : from) {
        if (at == text.size()) continue;
        const bool listed = pattern.characters.find(text[at]) != std::u32string::npos;
        if (pattern.kind == Pattern::Kind::any || listed != pattern.negated) out.insert(at + 1);
      }
      return out;
    case Pattern::Kind::sequence:
      out = from;
      for (const Pattern& part : pattern.parts) out = ends(part, text, out);
      return out;
    case Pattern::Kind::either:
      for (const Pattern& part : pattern.parts) out.merge(ends(part, text, from));
      return out;
    case Pattern::Kind::repeat: {
      Positions now = from;
      for (unsigned i = 0; i < pattern.min; ++i) now = ends(pattern.parts.front(), text, now);
      out = now;
      for (unsigned i = pattern.min; pattern.unbounded ? !now.empty() : i < pattern.max; ++i) {
        Positions fresh;
        for (const std::size_t at : ends(pattern.parts.front(), text, now))
          if (out.insert(at).second) fresh.insert(at);
        now = std::move(fresh);
      }
      return out;
    }
  }
  throw std::logic_error("no such pattern");
}

bool satisfies(const Expression& e, const Json& value) {
  const auto same_type = [&](const Json& operand) { return !operand.is_null() && type_of(value) == type_of(operand); };
  const auto text = [&] { return value.get<std::string>(); };
  const auto operand = [&] { return e.value.get<std::string>(); };
  switch (e.op) {
    case Operator::eq: return same_type(e.value) && order_of(value, e.value) == 0;
    case Operator::lt: return same_type(e.value) && order_of(value, e.value) < 0;
    case Operator::le: return same_type(e.value) && order_of(value, e.value) <= 0;
    case Operator::gt: return same_type(e.value) && order_of(value, e.value) > 0;
    case Operator::ge: return same_type(e.value) && order_of(value, e.value) >= 0;
    case Operator::in:
      return std::any_of(e.value.begin(), e.value.end(),
                         [&](const Json& each) { return same_type(each) && order_of(value, each) == 0; });
    case Operator::between:
      return same_type(e.value[0]) && same_type(e.value[1]) && order_of(value, e.value[0]) >= 0 &&
             order_of(value, e.value[1]) <= 0;
    case Operator::like: return value.is_string() && like(characters_of(operand()), 0, characters_of(text()), 0);
    case Operator::ilike:
      return value.is_string() && like(characters_of(lowered(operand())), 0, characters_of(lowered(text())), 0);
    case Operator::starts_with: return value.is_string() && text().compare(0, operand().size(), operand()) == 0;
    case Operator::contains: return value.is_string() && text().find(operand()) != std::string::npos;
    case Operator::regex: {
      if (!value.is_string()) return false;
      const auto characters = characters_of(text());
      return ends(e.regex, characters, {0}).contains(characters.size());
    }
    default: throw std::logic_error("no such operator");
  }
}

bool compare(Expression e, const Record& record) {
  const bool here = e.keys.empty() || exists_at(record.fields, e.keys, 0);
  switch (e.op) {
    case Operator::exists: return here;
    case Operator::not_exists: return !here;
    case Operator::ne: e.op = Operator::eq; return !compare(e, record);
    case Operator::not_in: e.op = Operator::in; return !compare(e, record);
    case Operator::not_between: e.op = Operator::between; return !compare(e, record);
    case Operator::not_like: e.op = Operator::like; return !compare(e, record);
    default: break;
  }
  if (e.op == Operator::eq && e.value.is_null()) return !here;
  if (e.op == Operator::in &&
      std::any_of(e.value.begin(), e.value.end(), [](const Json& each) { return each.is_null(); }) && !here)
    return true;
  std::vector<Json> values;
  if (e.keys.empty())
    values.push_back(record.id);
  else
    collect(record.fields, e.keys, 0, values);
  return std::any_of(values.begin(), values.end(), [&](const Json& value) { return satisfies(e, value); });
}

// Negative: a first.
int order_records(const Record& a, const Record& b, const std::vector<SortBy>& keys) {
  const auto full = [](const Json& x, const Json& y) {
    return type_of(x) != type_of(y) ? type_of(x) - type_of(y) : order_of(x, y);
  };
  for (const SortBy& key : keys) {
    std::vector<Json> left;
    std::vector<Json> right;
    if (key.keys.empty()) {
      left.push_back(a.id);
      right.push_back(b.id);
    } else {
      collect(a.fields, key.keys, 0, left);
      collect(b.fields, key.keys, 0, right);
    }
    if (left.empty() != right.empty()) return left.empty() ? 1 : -1;
    if (left.empty()) continue;
    const auto before = [&](const Json& x, const Json& y) { return key.descending ? full(x, y) > 0 : full(x, y) < 0; };
    const Json& x = *std::min_element(left.begin(), left.end(), before);
    const Json& y = *std::min_element(right.begin(), right.end(), before);
    if (before(x, y)) return -1;
    if (before(y, x)) return 1;
  }
  return a.id.compare(b.id);
}

}  // namespace

bool evaluate(const Expression& expression, const Record& record) {
  const auto holds = [&record](const Expression& part) { return evaluate(part, record); };
  switch (expression.kind) {
    case Expression::Kind::comparison: return compare(expression, record);
    case Expression::Kind::all: return std::all_of(expression.parts.begin(), expression.parts.end(), holds);
    case Expression::Kind::any: return std::any_of(expression.parts.begin(), expression.parts.end(), holds);
    case Expression::Kind::negation: return !holds(expression.parts.front());
  }
  throw std::logic_error("no such expression");
}

std::vector<std::string> sorted(std::vector<Record> records, const std::vector<SortBy>& keys) {
  std::sort(records.begin(), records.end(),
            [&](const Record& a, const Record& b) { return order_records(a, b, keys) < 0; });
  std::vector<std::string> ids;
  for (const Record& record : records) ids.push_back(record.id);
  return ids;
}

}  // namespace weir::core::test::oracle
