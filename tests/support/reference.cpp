#include "support/reference.hpp"

#include <algorithm>
#include <cfloat>
#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

namespace weir::test {
namespace {

static_assert(LDBL_MANT_DIG >= 64, "a long double holds every double and every 64-bit integer exactly");

long double number(const Json& value) {
  if (value.is_number_unsigned()) return static_cast<long double>(value.get<std::uint64_t>());
  if (value.is_number_integer()) return static_cast<long double>(value.get<std::int64_t>());
  return static_cast<long double>(value.get<double>());
}

// Numbers before strings before booleans.
int rank(const Json& value) { return value.is_number() ? 0 : value.is_string() ? 1 : 2; }

int three_way(const Json& a, const Json& b) {
  if (rank(a) != rank(b)) return rank(a) < rank(b) ? -1 : 1;
  if (a.is_number()) return number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0;
  if (a.is_boolean()) return int{a.get<bool>()} - int{b.get<bool>()};
  const int order = a.get_ref<const std::string&>().compare(b.get_ref<const std::string&>());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

std::vector<std::string> keys_of(const std::string& path) {
  std::vector<std::string> keys(1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\')
      keys.back() += path.at(++i);
    else if (path[i] == '.')
      keys.emplace_back();
    else
      keys.back() += path[i];
  }
  return keys;
}

// Everything at the path, whatever it is, arrays opened on the way and at the end.
void reach(const Json& at, const std::vector<std::string>& keys, std::size_t next, std::vector<Json>& out) {
  if (at.is_array()) {
    for (const auto& element : at) reach(element, keys, next, out);
  } else if (next == keys.size()) {
    out.push_back(at);
  } else if (at.is_object() && at.contains(keys[next])) {
    reach(at.at(keys[next]), keys, next + 1, out);
  }
}

bool holds_scalar(const Json& value) {
  if (!value.is_structured()) return !value.is_null();
  return std::any_of(value.begin(), value.end(), holds_scalar);
}

std::vector<Json> values_at(const Json& fields, const std::vector<std::string>& keys) {
  std::vector<Json> reached;
  reach(fields, keys, 0, reached);
  std::erase_if(reached, [](const Json& value) { return value.is_null() || value.is_structured(); });
  return reached;
}

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80)
      out.back() += c;
    else
      out.emplace_back(1, c);
  }
  return out;
}

std::string folded(std::string character) {
  if (character.size() == 1 && character[0] >= 'A' && character[0] <= 'Z') character[0] += 'a' - 'A';
  return character;
}

bool like(const std::string& pattern_text, const std::string& text, bool fold) {
  const auto pattern = characters(pattern_text);
  const auto input = characters(text);
  std::set<std::size_t> places{0};  // in the input, after what was read of the pattern
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    std::set<std::size_t> after;
    if (pattern[p] == "%") {
      for (std::size_t i = *places.begin(); i <= input.size(); ++i) after.insert(i);
    } else {
      const bool any = pattern[p] == "_";
      const std::string& wanted = pattern[p] == "\\" ? pattern.at(++p) : pattern[p];
      for (const auto i : places)
        if (i < input.size() && (any || (fold ? folded(input[i]) == folded(wanted) : input[i] == wanted)))
          after.insert(i + 1);
    }
    if (after.empty()) return false;
    places = std::move(after);
  }
  return places.contains(input.size());
}

char32_t code_point(const std::string& character) {
  const auto first = static_cast<unsigned char>(character[0]);
  char32_t value = character.size() == 1 ? first : first & (0xFFu >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i)
    value = (value << 6) | (static_cast<unsigned char>(character[i]) & 0x3Fu);
  return value;
}

using Places = std::set<std::size_t>;

Places regex_step(const RegexNode& node, const std::vector<char32_t>& input, const Places& from) {
  Places out;
  auto consume = [&](auto accepts) {
    for (const auto i : from)
      if (i < input.size() && accepts(input[i])) out.insert(i + 1);
  };
  switch (node.kind) {
    case RegexNode::Kind::character: consume([&](char32_t c) { return c == node.character; }); break;
    case RegexNode::Kind::any: consume([](char32_t) { return true; }); break;
    case RegexNode::Kind::char_class:
      consume([&](char32_t c) {
        const bool inside = std::any_of(node.ranges.begin(), node.ranges.end(),
                                        [c](const auto& range) { return range.first <= c && c <= range.last; });
        return inside != node.negated;
      });
      break;
    case RegexNode::Kind::sequence: {
      out = from;
      for (const auto& child : node.children) out = regex_step(child, input, out);
      break;
    }
    case RegexNode::Kind::alternation:
      for (const auto& child : node.children) out.merge(regex_step(child, input, from));
      break;
    case RegexNode::Kind::repeat: {
      Places now = from;
      for (unsigned i = 0; i < node.min; ++i) now = regex_step(node.children.front(), input, now);
      out = now;
      for (unsigned i = node.min; !now.empty() && (!node.max || i < *node.max); ++i) {
        Places next = regex_step(node.children.front(), input, now);
        const auto before = out.size();
        out.insert(next.begin(), next.end());
        if (out.size() == before && !node.max) break;
        now = std::move(next);
      }
      break;
    }
  }
  return out;
}

bool regex(const std::string& pattern, const std::string& text) {
  const auto parsed = Regex::parse(pattern);
  std::vector<char32_t> input;
  for (const auto& character : characters(text)) input.push_back(code_point(character));
  return regex_step(parsed.root(), input, {0}).contains(input.size());
}

bool one_value_satisfies(const std::string& op, const Json& value, const Json& operand) {
  const auto same_type = [&](const Json& other) { return !other.is_null() && rank(value) == rank(other); };
  if (op == "in")
    return std::any_of(operand.begin(), operand.end(),
                       [&](const Json& one) { return same_type(one) && three_way(value, one) == 0; });
  if (op == "between")
    return same_type(operand.at(0)) && same_type(operand.at(1)) && three_way(value, operand.at(0)) >= 0 &&
           three_way(value, operand.at(1)) <= 0;
  if (!same_type(operand)) return false;
  const int order = three_way(value, operand);
  if (op == "eq") return order == 0;
  if (op == "lt") return order < 0;
  if (op == "le") return order <= 0;
  if (op == "gt") return order > 0;
  if (op == "ge") return order >= 0;
  const auto& text = value.get_ref<const std::string&>();
  const auto& given = operand.get_ref<const std::string&>();
  if (op == "like") return like(given, text, false);
  if (op == "ilike") return like(given, text, true);
  if (op == "starts_with") return text.substr(0, given.size()) == given;
  if (op == "contains") return text.find(given) != std::string::npos;
  if (op == "regex") return regex(given, text);
  throw std::logic_error("no such operator: " + op);
}

bool comparison(const Json& filter, const Record& record) {
  auto op = filter.at("op").get<std::string>();
  const Json operand = filter.value("value", Json());
  bool complement = false;
  if (op == "ne") {
    complement = true;
    op = "eq";
  } else if (op.rfind("not_", 0) == 0) {
    complement = true;
    op.erase(0, 4);
  }
  std::vector<Json> values;
  bool exists = true;
  if (filter.contains("id")) {
    values = {record.id};
  } else {
    const auto keys = keys_of(filter.at("path").get<std::string>());
    values = values_at(record.fields, keys);
    std::vector<Json> reached;
    reach(record.fields, keys, 0, reached);
    exists = std::any_of(reached.begin(), reached.end(), holds_scalar);
  }
  bool result = false;
  if (op == "exists") {
    result = exists;
  } else {
    if (op == "eq" && operand.is_null())
      result = !exists;
    else if (op == "in" && std::find(operand.begin(), operand.end(), Json()) != operand.end())
      result = !exists;
    result = result || std::any_of(values.begin(), values.end(),
                                   [&](const Json& value) { return one_value_satisfies(op, value, operand); });
  }
  return result != complement;
}

// The value an ordering looks at: the smallest ascending, the largest descending.
std::optional<Json> sort_value(const Record& record, const OrderKey& key) {
  if (key.on_id()) return Json(record.id);
  auto values = values_at(record.fields, key.path.keys());
  if (values.empty()) return std::nullopt;
  const auto less = [](const Json& a, const Json& b) { return three_way(a, b) < 0; };
  return key.order == Order::asc ? *std::min_element(values.begin(), values.end(), less)
                                 : *std::max_element(values.begin(), values.end(), less);
}

std::optional<Json> kept(const Json& at, const std::vector<std::vector<std::string>>& paths);

std::optional<Json> kept_object(const Json& at, const std::vector<std::vector<std::string>>& paths) {
  Json out = Json::object();
  for (const auto& [key, value] : at.items()) {
    std::vector<std::vector<std::string>> below;
    for (const auto& path : paths)
      if (path.front() == key) below.emplace_back(path.begin() + 1, path.end());
    if (below.empty()) continue;
    if (auto inner = kept(value, below)) out[key] = std::move(*inner);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

std::optional<Json> kept(const Json& at, const std::vector<std::vector<std::string>>& paths) {
  if (std::any_of(paths.begin(), paths.end(), [](const auto& path) { return path.empty(); })) return at;
  if (at.is_object()) return kept_object(at, paths);
  if (!at.is_array()) return std::nullopt;
  Json out = Json::array();
  for (const auto& element : at)
    if (auto inner = kept(element, paths)) out.push_back(std::move(*inner));
  if (out.empty()) return std::nullopt;
  return out;
}

}  // namespace

bool satisfies(const Json& filter, const Record& record) {
  const auto one = [&](const Json& child) { return satisfies(child, record); };
  if (filter.contains("and")) return std::all_of(filter["and"].begin(), filter["and"].end(), one);
  if (filter.contains("or")) return std::any_of(filter["or"].begin(), filter["or"].end(), one);
  if (filter.contains("not")) return !one(filter["not"]);
  return comparison(filter, record);
}

std::vector<Record> in_order(std::vector<Record> records, const Query& query) {
  struct Row {
    Record record;
    std::vector<std::optional<Json>> keys;
  };
  std::vector<Row> rows;
  for (auto& record : records) {
    Row row;
    for (const auto& key : query.order()) row.keys.push_back(sort_value(record, key));
    row.record = std::move(record);
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    for (std::size_t i = 0; i < a.keys.size(); ++i) {
      if (a.keys[i].has_value() != b.keys[i].has_value()) return a.keys[i].has_value();
      if (!a.keys[i]) continue;
      const int order = three_way(*a.keys[i], *b.keys[i]);
      if (order != 0) return query.order()[i].order == Order::asc ? order < 0 : order > 0;
    }
    return a.record.id < b.record.id;
  });
  std::vector<Record> out;
  for (auto& row : rows) out.push_back(std::move(row.record));
  return out;
}

Json selected(const Json& fields, const std::vector<Path>& paths) {
  std::vector<std::vector<std::string>> keys;
  for (const auto& path : paths) keys.push_back(path.keys());
  return kept_object(fields, keys).value_or(Json::object());
}

std::vector<Record> reference_search(const std::vector<Record>& records, const Query& query) {
  std::vector<Record> found;
  std::copy_if(records.begin(), records.end(), std::back_inserter(found),
               [&](const Record& record) { return query.compare(record); });
  found = in_order(std::move(found), query);
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset(), found.size())));
  if (query.limit() && found.size() > *query.limit()) found.resize(*query.limit());
  if (query.select())
    for (auto& record : found) record.fields = selected(record.fields, *query.select());
  return found;
}

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return number(a) == number(b);
  if (a.type() != b.type()) return false;
  if (a.size() != b.size()) return false;
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), same_value);
  if (a.is_object())
    return std::all_of(a.items().begin(), a.items().end(), [&](const auto& item) {
      return b.contains(item.key()) && same_value(item.value(), b.at(item.key()));
    });
  return a == b;
}

}  // namespace weir::test
