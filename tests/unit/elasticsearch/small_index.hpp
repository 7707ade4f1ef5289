#pragma once

// What an index does with the queries that are compiled for it, small enough to be seen to be right: doubles are
// doubles, a long holds whole numbers of 64 bits, keywords compare by bytes, and a document matches when some value
// does.

#include "backends/elasticsearch/mapping.hpp"

#include <weir/record.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::elasticsearch::test {

class SmallIndex {
 public:
  /// Whether a record of an index of ours matches a compiled query.
  static bool matches(const Record& record, const Json& query) {
    const auto only = query.begin();
    const std::string& kind = only.key();
    const Json& body = only.value();
    if (kind == "match_all") return true;
    if (kind == "match_none") return false;
    if (kind == "bool") return matches_bool(record, body);
    if (kind == "exists") return !values(record, body.at("field")).empty();
    const auto about = body.begin();
    const std::string& field = about.key();
    const Json& what = about.value();
    for (const auto& value : values(record, field))
      if (value_matches(kind, value, what, field.ends_with(".l"))) return true;
    return false;
  }

 private:
  static bool matches_bool(const Record& record, const Json& body) {
    bool out = true;
    if (body.contains("filter"))
      for (const auto& part : body.at("filter")) out = out && matches(record, part);
    if (body.contains("must_not"))
      for (const auto& part : body.at("must_not")) out = out && !matches(record, part);
    if (body.contains("should")) {
      if (body.at("minimum_should_match") != 1) throw std::logic_error("should without minimum_should_match");
      bool any = false;
      for (const auto& part : body.at("should")) any = any || matches(record, part);
      out = out && any;
    }
    return out;
  }

  static std::vector<Json> values(const Record& record, std::string field) {
    if (field == "id") return {Json(record.id)};
    if (!field.starts_with("fields.")) return {};
    field.erase(0, 7);
    const bool exact = field.ends_with(".l");
    if (exact) field.erase(field.size() - 2);
    std::vector<Json> out;
    collect(record.fields, field, exact, out);
    return out;
  }

  static void collect(const Json& value, std::string_view path, bool exact, std::vector<Json>& out) {
    if (value.is_array()) {
      for (const auto& element : value) collect(element, path, exact, out);
    } else if (value.is_object()) {
      const auto dot = path.find('.');
      const auto key = std::string(path.substr(0, dot));
      const auto rest = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
      if (path.empty()) {
        for (const auto& [name, member] : value.items()) collect(member, {}, exact, out);  // exists of an object
      } else if (value.contains(key)) {
        collect(value.at(key), rest, exact, out);
      }
    } else if (!value.is_null() && path.empty()) {
      if (!exact) {
        out.push_back(value.is_number() ? Json(value.get<double>()) : value);
      } else if (value.is_number_integer()) {
        out.push_back(value);
      } else if (value.is_number_float()) {
        // Without its fraction; 2^63 becomes 2^63 - 1; what is farther out is malformed and left out.
        const auto real = value.get<double>();
        if (real == 9223372036854775808.0)
          out.push_back(INT64_MAX);
        else if (std::fabs(real) <= 9223372036854775808.0)
          out.push_back(static_cast<std::int64_t>(real));
      }
    }
  }

  static int order(const Json& value, const Json& bound, bool exact) {
    if (value.is_string()) return value.get_ref<const std::string&>().compare(bound.get<std::string>());
    if (exact) {
      const auto a = value.get<std::int64_t>(), b = bound.get<std::int64_t>();
      return a < b ? -1 : (a > b ? 1 : 0);
    }
    const auto a = value.get<double>(), b = bound.get<double>();
    return a < b ? -1 : (a > b ? 1 : 0);
  }

  static bool value_matches(const std::string& kind, const Json& value, const Json& what, bool exact) {
    if (kind == "terms") {
      for (const auto& term : what)
        if (term == value) return true;
      return false;
    }
    if (kind == "range") {
      for (const auto& [bound, limit] : what.items()) {
        if (limit.is_string() != value.is_string())
          throw std::logic_error("a 400: the bound has another type than the field");
        if (exact && !limit.is_number_integer()) throw std::logic_error("a long compared with a double");
        const auto compared = order(value, limit, exact);
        if (bound == "gt" && compared <= 0) return false;
        if (bound == "gte" && compared < 0) return false;
        if (bound == "lt" && compared >= 0) return false;
        if (bound == "lte" && compared > 0) return false;
      }
      return true;
    }
    const auto& wanted = what.at("value");
    if (kind == "term") return wanted == value;
    if (!value.is_string()) throw std::logic_error(kind + " of something that is no string");
    const auto text = value.get<std::string>(), pattern = wanted.get<std::string>();
    if (kind == "prefix") return text.starts_with(pattern);
    if (kind == "wildcard") return wildcard(text, pattern, what.value("case_insensitive", false));
    if (kind == "regexp") {
      if (what.at("flags") != "NONE") throw std::logic_error("regexp with flags");
      // [^] is any character of ECMAScript, newlines included, as Lucene's dot.
      std::string translated;
      bool in_class = false;
      for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\') {
          translated += pattern.substr(i++, 2);
        } else if (pattern[i] == '.' && !in_class) {
          translated += "[^]";
        } else {
          in_class = pattern[i] == '[' || (in_class && pattern[i] != ']');
          translated += pattern[i];
        }
      }
      return std::regex_match(text, std::regex(translated));
    }
    throw std::logic_error("an unknown query: " + kind);
  }

  static char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

  static bool wildcard(std::string_view text, std::string_view pattern, bool folding) {
    if (pattern.empty()) return text.empty();
    const char p = pattern.front();
    if (p == '*') {
      for (std::size_t i = 0; i <= text.size(); ++i)
        if (wildcard(text.substr(i), pattern.substr(1), folding)) return true;
      return false;
    }
    if (text.empty()) return false;
    if (p == '?') return wildcard(text.substr(1), pattern.substr(1), folding);
    if (p == '\\') pattern.remove_prefix(1);
    const bool same = folding ? fold(text.front()) == fold(pattern.front()) : text.front() == pattern.front();
    return same && wildcard(text.substr(1), pattern.substr(1), folding);
  }
};

}  // namespace weir::elasticsearch::test
