#include "backends/postgresql/sql/own_words.hpp"

#include <algorithm>
#include <array>

namespace weir::postgres {
namespace {

// SQL's own words are ASCII, whatever the locale.
constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_word(char c) noexcept { return (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_'; }

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Behind what stands at `at` and means nothing. Comments nest (SQL standard).
std::size_t skip_blanks(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (is_blank(sql[at]) || sql[at] == '(' || sql[at] == ';') {
      ++at;
    } else if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      int depth = 0;
      do {
        if (sql.substr(at, 2) == "/*") {
          ++depth, at += 2;
        } else if (sql.substr(at, 2) == "*/") {
          --depth, at += 2;
        } else {
          ++at;
        }
      } while (depth > 0 && at < sql.size());
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

std::string first_word(std::string_view sql) {
  std::string word;
  for (std::size_t at = skip_blanks(sql, 0); at < sql.size() && is_word(sql[at]); ++at) word += upper(sql[at]);
  return word;
}

bool controls_transaction(std::string_view sql) {
  static constexpr std::array<std::string_view, 8> words{"BEGIN", "START",    "COMMIT",    "END",
                                                         "ABORT", "ROLLBACK", "SAVEPOINT", "RELEASE"};
  const auto word = first_word(sql);
  if (is_one_of(words, word)) return true;
  if (word != "PREPARE") return false;
  const auto at = sql.find_first_of("pP");
  return first_word(sql.substr(at + word.size())) == "TRANSACTION";
}

bool needs_session(std::string_view sql) {
  static constexpr std::array<std::string_view, 8> words{"LISTEN",  "UNLISTEN", "SET",        "RESET",
                                                         "DISCARD", "PREPARE",  "DEALLOCATE", "LOAD"};
  return is_one_of(words, first_word(sql));
}

namespace {

constexpr bool is_letter(char c) noexcept { return is_word(c) || (c >= '0' && c <= '9'); }

bool same_words(std::string_view text, std::string_view word) noexcept {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return upper(a) == b; });
}

// Where the word stands, in texts and comments as well: to find it there costs a reset that was not needed.
std::size_t find_word(std::string_view sql, std::string_view word, std::size_t from) noexcept {
  for (std::size_t at = from; at + word.size() <= sql.size(); ++at) {
    if (upper(sql[at]) != word[0] || !same_words(sql.substr(at, word.size()), word)) continue;
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_letter(sql[at - 1])) && (end == sql.size() || !is_letter(sql[end]))) return at;
  }
  return std::string_view::npos;
}

bool has_word(std::string_view sql, std::string_view word) noexcept {
  return find_word(sql, word, 0) != std::string_view::npos;
}

// Whether the word INTO stands anywhere but behind an INSERT or MERGE that begins a statement.
bool selects_into(std::string_view text) noexcept {
  for (std::size_t at = find_word(text, "INTO", 0); at != std::string_view::npos;
       at = find_word(text, "INTO", at + 4)) {
    std::string_view before = text.substr(0, at);
    const auto trim = [&before] {
      while (!before.empty() && is_blank(before.back())) before.remove_suffix(1);
    };
    trim();
    const auto ends_with = [&before](std::string_view word) {
      return before.size() >= word.size() && same_words(before.substr(before.size() - word.size()), word);
    };
    const bool insert = ends_with("INSERT");
    if (!insert && !ends_with("MERGE")) return true;
    before.remove_suffix(insert ? 6 : 5);
    trim();
    if (!before.empty() && before.back() != '(') return true;
  }
  return false;
}

}  // namespace

bool is_surely_one_statement(std::string_view sql) noexcept {
  const auto end = std::min(sql.find(';'), sql.size());
  return std::all_of(sql.begin() + static_cast<std::ptrdiff_t>(end), sql.end(),
                     [](char c) { return is_blank(c) || c == ';'; });
}

bool names_statement_timeout(std::string_view sql) noexcept {
  static constexpr std::string_view name = "statement_timeout";
  const auto same = [](char a, char b) { return a == b || (a >= 'A' && a <= 'Z' && a - 'A' + 'a' == b); };
  return std::search(sql.begin(), sql.end(), name.begin(), name.end(), same) != sql.end();
}

bool changes_session(std::string_view tag, std::string_view sql) {
  static constexpr std::array<std::string_view, 13> harmless{"INSERT", "UPDATE", "DELETE",   "MERGE",     "COPY",
                                                             "BEGIN",  "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE",
                                                             "FETCH",  "MOVE",   "CLOSE"};
  static constexpr std::array<std::string_view, 4> queries{"SELECT", "WITH", "VALUES", "TABLE"};
  const auto done = tag.substr(0, tag.find(' '));
  if (done == "SELECT") return !is_one_of(queries, first_word(sql)) || selects_into(sql);
  if (done == "DECLARE") return has_word(sql, "HOLD");  // any other cursor ends with its transaction
  return !is_one_of(harmless, done);
}

}  // namespace weir::postgres
