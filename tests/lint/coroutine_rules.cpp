#include "lint/coroutine_rules.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

namespace weir::lint {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::size_t skip_spaces(std::string_view code, std::size_t i) {
  while (i < code.size() && is_space(code[i])) ++i;
  return i;
}

// The position of the last character before `i` that is no space; npos at the start.
std::size_t before(std::string_view code, std::size_t i) {
  while (i > 0)
    if (!is_space(code[--i])) return i;
  return npos;
}

std::string_view word_ending_at(std::string_view code, std::size_t last) {
  auto first = last + 1;
  while (first > 0 && is_identifier(code[first - 1])) --first;
  return code.substr(first, last + 1 - first);
}

std::size_t matching_close(std::string_view code, std::size_t open) {
  int depth = 0;
  for (auto i = open; i < code.size(); ++i) {
    if (code[i] == '(' || code[i] == '[' || code[i] == '{') ++depth;
    if ((code[i] == ')' || code[i] == ']' || code[i] == '}') && --depth == 0) return i;
  }
  return code.size();
}

std::size_t matching_open(std::string_view code, std::size_t close) {
  int depth = 0;
  for (auto i = close + 1; i-- > 0;) {
    if (code[i] == ')' || code[i] == ']' || code[i] == '}') ++depth;
    if ((code[i] == '(' || code[i] == '[' || code[i] == '{') && --depth == 0) return i;
  }
  return 0;
}

// Whether what ends at `last` is the type of "-> type".
bool is_trailing_return_type(std::string_view code, std::size_t last) {
  for (auto i = last + 1; i-- > 1;) {
    if (code[i] == '>' && code[i - 1] == '-') return true;
    if (!is_identifier(code[i]) && !is_space(code[i]) && std::string_view("<>:,*&").find(code[i]) == npos) return false;
  }
  return false;
}

// Whether the brace at `open` begins a block of statements and not a value.
bool is_block(std::string_view code, std::size_t open) {
  const auto last = before(code, open);
  if (last == npos) return true;
  if (std::string_view(");{}:").find(code[last]) != npos) return true;
  if (is_trailing_return_type(code, last)) return true;
  const auto word = is_identifier(code[last]) ? word_ending_at(code, last) : std::string_view();
  static const std::set<std::string_view> words{"else",     "do",    "try",      "mutable",
                                                "noexcept", "const", "override", "final"};
  return words.contains(word) || (code[last] == ']' && code[matching_open(code, last)] == '[');
}

struct Lambda {
  std::size_t introducer;  // '['
  std::size_t capture_end;
  std::size_t body;  // '{'
  std::size_t end;   // '}'
};

std::optional<Lambda> lambda_at(std::string_view code, std::size_t open) {
  if (code.substr(open, 2) == "[[") return {};  // an attribute
  const auto last = before(code, open);
  if (last != npos && (code[last] == ']' || code[last] == ')' || code[last] == '[')) return {};
  if (last != npos && is_identifier(code[last])) {
    const auto word = word_ending_at(code, last);
    if (word != "return" && word != "co_return" && word != "co_await") return {};
  }
  const auto capture_end = matching_close(code, open);
  auto i = skip_spaces(code, capture_end + 1);
  while (i < code.size() && code[i] != '{') {
    if (code[i] == ';' || code[i] == ')' || code[i] == ']' || code[i] == '=') return {};
    if (code[i] == ',') return {};
    i = code[i] == '(' || code[i] == '[' ? matching_close(code, i) + 1 : i + 1;
  }
  if (i >= code.size()) return {};
  return Lambda{open, capture_end, i, matching_close(code, i)};
}

bool captures_by_value(std::string_view code, const Lambda& lambda) {
  const auto captures = code.substr(lambda.introducer + 1, lambda.capture_end - lambda.introducer - 1);
  int depth = 0;
  bool at_start = true;
  for (std::size_t i = 0; i < captures.size(); ++i) {
    const char c = captures[i];
    if (c == '(' || c == '{' || c == '<') ++depth;
    if (c == ')' || c == '}' || c == '>') --depth;
    if (depth == 0 && c == ',') {
      at_start = true;
    } else if (at_start && !is_space(c)) {
      at_start = false;
      if (c != '&' && captures.substr(i, 4) != "this") return true;
    }
  }
  return false;
}

struct Range {
  std::size_t begin;
  std::size_t end;
};

// The full expression, or declaration, around the co_await at `at`.
Range full_expression(std::string_view code, std::size_t at) {
  std::size_t begin = at;
  bool in_header = false;  // of if, while, for or switch
  while (begin > 0) {
    const auto i = begin - 1;
    if (code[i] == ';') break;
    if (code[i] == ')' || code[i] == ']' || code[i] == '}') {
      if (code[i] == '}' && is_block(code, matching_open(code, i))) {
        const auto lambda_open = before(code, matching_open(code, i));
        const bool in_expression = lambda_open != npos && (code[lambda_open] == ')' || code[lambda_open] == ']' ||
                                                           is_trailing_return_type(code, lambda_open));
        const auto next = skip_spaces(code, begin);
        if (!in_expression || (code[next] != ',' && code[next] != ')' && code[next] != '(')) break;
      }
      begin = matching_open(code, i);
      continue;
    }
    if (code[i] == '{' && is_block(code, i)) break;
    if (code[i] == '(') {
      const auto last = before(code, i);
      const auto word = last != npos && is_identifier(code[last]) ? word_ending_at(code, last) : std::string_view();
      if (word == "if" || word == "while" || word == "for" || word == "switch" || word == "constexpr") {
        in_header = true;
        break;
      }
    }
    --begin;
  }
  auto end = at;
  while (end < code.size() && code[end] != ';') {
    if (code[end] == '(' || code[end] == '[' || code[end] == '{') {
      end = matching_close(code, end);
    } else if (code[end] == '}' || (code[end] == ')' && in_header && matching_open(code, end) + 1 <= begin)) {
      break;
    }
    ++end;
  }
  return {begin, std::min(end, code.size())};
}

// Whether the conditional operator at `question` has a co_await in one of its arms.
bool awaits_in_an_arm(std::string_view code, std::size_t question, std::size_t end) {
  for (auto i = question + 1; i < end; ++i) {
    if (code[i] == '(' || code[i] == '[' || code[i] == '{') {
      const auto close = matching_close(code, i);
      if (find_word(code.substr(0, close), "co_await", i) != npos) return true;
      i = close;
    } else if (code[i] == ')' || code[i] == ']' || code[i] == '}' || code[i] == ';' || code[i] == ',') {
      return false;
    } else if (is_word_at(code, i, "co_await")) {
      return true;
    }
  }
  return false;
}

// Whether the block at `open` is one of the statements of a function and not a function's body.
bool is_inner_block(std::string_view code, std::size_t open) {
  const auto last = before(code, open);
  if (last == npos || std::string_view(";{}:").find(code[last]) != npos) return true;
  if (is_identifier(code[last])) {
    const auto word = word_ending_at(code, last);
    return word == "else" || word == "do" || word == "try";
  }
  if (code[last] != ')') return false;
  const auto name = before(code, matching_open(code, last));
  if (name == npos || !is_identifier(code[name])) return false;
  static const std::set<std::string_view> words{"if", "while", "for", "switch", "catch", "constexpr"};
  return words.contains(word_ending_at(code, name));
}

// The body of the function or lambda in which `at` stands.
std::optional<Range> function_around(std::string_view code, std::size_t at) {
  for (auto i = at; i-- > 0;) {
    if (code[i] == ')' || code[i] == ']' || code[i] == '}') {
      i = matching_open(code, i);
    } else if (code[i] == '{' && is_block(code, i) && !is_inner_block(code, i)) {
      return Range{i, matching_close(code, i)};
    }
  }
  return {};
}

// How often a coroutine waits, without the lambdas in it.
std::size_t count_waits(std::string_view code, Range body) {
  std::size_t count = 0;
  for (auto i = body.begin + 1; i < body.end; ++i) {
    const auto lambda = code[i] == '[' ? lambda_at(code, i) : std::nullopt;
    if (lambda)
      i = lambda->end;
    else if (is_word_at(code, i, "co_await") || is_word_at(code, i, "co_yield"))
      ++count;
  }
  return count;
}

// Whether a class body declares a member object: what is left between its functions and aliases.
bool has_member_object(std::string_view body) {
  std::string_view skipped = "using static friend typedef template enum struct class";
  std::size_t start = 1;  // of the declaration that is being read
  for (auto i = start; i < body.size(); ++i) {
    if (body[i] == '(' || body[i] == '[') i = matching_close(body, i);
    if (i < body.size() && body[i] == '{') {
      const bool block = is_block(body, i);
      i = matching_close(body, i);
      if (block) start = i + 1;
    }
    if (i >= body.size() || body[i] != ';') continue;
    const auto declaration = body.substr(start, i - start);
    const auto first = skip_spaces(declaration, 0);
    auto end = first;
    while (end < declaration.size() && is_identifier(declaration[end])) ++end;
    const auto word = declaration.substr(first, end - first);
    const bool function = declaration.find('(') != npos && declaration.find('=') == npos;
    if (!word.empty() && find_word(skipped, word) == npos && !function) return true;
    start = i + 1;
  }
  return false;
}

class Checker {
 public:
  Checker(const SourceFile& file, const std::set<std::string>& aggregates) : file_(file), aggregates_(aggregates) {}

  std::vector<Finding> run() {
    const std::string_view code = file_.code;
    std::set<std::size_t> seen;
    for (auto at = find_word(code, "co_await"); at != npos; at = find_word(code, "co_await", at + 1)) {
      const auto range = full_expression(code, at);
      if (seen.insert(range.begin).second) expression(range);
      only_condition(at, range);
    }
    for (std::size_t i = 0; i < code.size(); ++i)
      if (code[i] == '[') invoked_at_once(i);
    return std::move(findings_);
  }

 private:
  void report(std::size_t at, std::string rule) {
    const auto line_end = file_.text.find('\n', at);
    const auto line_start = file_.text.rfind('\n', at) + 1;
    findings_.push_back(
        {file_.path, file_.line_of(at), std::move(rule), file_.text.substr(line_start, line_end - line_start)});
  }

  // `if (co_await f())` as all that a coroutine waits for.
  void only_condition(std::size_t at, Range range) {
    const std::string_view code = file_.code;
    const auto open = range.begin == 0 ? npos : range.begin - 1;
    if (open == npos || code[open] != '(') return;
    const auto last = before(code, open);
    if (last == npos || !is_identifier(code[last]) || word_ending_at(code, last) != "if") return;
    const auto body = function_around(code, at);
    if (body && count_waits(code, *body) == 1)
      report(at, "the only co_await of a coroutine is the condition of an if: name its result first");
  }

  void expression(Range range) {
    const std::string_view code = file_.code;
    for (auto i = range.begin; i < range.end; ++i) {
      if (code[i] == '[') {
        if (const auto lambda = lambda_at(code, i)) {
          if (captures_by_value(code, *lambda))
            report(i, "a lambda that captures by value inside a co_await expression");
          i = lambda->end;
        }
      } else if (code[i] == '?' && awaits_in_an_arm(code, i, range.end)) {
        report(i, "co_await in an arm of ?:");
      } else if (code[i] == '{') {
        brace(i);
      }
    }
  }

  void brace(std::size_t open) {
    const std::string_view code = file_.code;
    const auto first = skip_spaces(code, open + 1);
    if (first < code.size() && code[first] == '.') {
      report(open, "a designated initializer inside a co_await expression");
      return;
    }
    const auto last = before(code, open);
    if (last == npos) return;
    if (code[last] == '(' || code[last] == ',' || code[last] == '{') {
      report(open, "an initializer list inside a co_await expression");
    } else if (is_identifier(code[last]) && aggregates_.contains(std::string(word_ending_at(code, last)))) {
      report(open, "an aggregate temporary inside a co_await expression");
    } else if (code[last] == '>' && !is_trailing_return_type(code, last)) {
      const auto name = code.rfind("array", last);
      if (name != npos && code.substr(name, last - name).find_first_of(";({") == npos)
        report(open, "an aggregate temporary inside a co_await expression");
    }
  }

  // `[x]() -> awaitable<void> { co_await ...; }()`: the closure dies at the end of the statement, the coroutine does
  // not.
  void invoked_at_once(std::size_t open) {
    const std::string_view code = file_.code;
    const auto lambda = lambda_at(code, open);
    if (!lambda || skip_spaces(code, lambda->introducer + 1) == lambda->capture_end) return;
    const auto body = code.substr(0, lambda->end);
    if (find_word(body, "co_await", lambda->body) == npos && find_word(body, "co_return", lambda->body) == npos) return;
    const auto next = skip_spaces(code, lambda->end + 1);
    const auto awaited = before(code, open);
    const bool in_await =
        awaited != npos && is_identifier(code[awaited]) && word_ending_at(code, awaited) == "co_await";
    if (next < code.size() && code[next] == '(' && !in_await)
      report(open, "a capturing lambda coroutine that is called at once and outlives its closure");
  }

  const SourceFile& file_;
  const std::set<std::string>& aggregates_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_coroutine_rules(const SourceFile& file, const std::set<std::string>& aggregates) {
  return Checker(file, aggregates).run();
}

std::set<std::string> find_aggregates(const std::vector<SourceFile>& files) {
  std::set<std::string> names;
  for (const auto& file : files) {
    if (!file.is_cpp()) continue;
    const std::string_view code = file.code;
    for (auto at = find_word(code, "struct"); at != npos; at = find_word(code, "struct", at + 1)) {
      auto i = skip_spaces(code, at + 6);
      const auto name_start = i;
      while (i < code.size() && is_identifier(code[i])) ++i;
      const auto name = code.substr(name_start, i - name_start);
      i = skip_spaces(code, i);
      if (name.empty() || i >= code.size() || code[i] != '{') continue;
      const auto body = code.substr(i, matching_close(code, i) - i);
      bool constructor = false;
      for (auto p = find_word(body, name); p != npos && !constructor; p = find_word(body, name, p + 1)) {
        const auto next = skip_spaces(body, p + name.size());
        constructor = next < body.size() && body[next] == '(';
      }
      const bool closed = find_word(body, "private") != npos || find_word(body, "virtual") != npos;
      if (!constructor && !closed && has_member_object(body)) names.emplace(name);
    }
  }
  return names;
}

}  // namespace weir::lint
