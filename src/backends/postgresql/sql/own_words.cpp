#include "backends/postgresql/sql/own_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace weir::postgres {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Behind what stands at `at` and means nothing. Comments nest (SQL standard).
std::size_t skip_blanks(std::string_view sql, std::size_t at) {
  while (at < sql.size()) {
    if (std::isspace(static_cast<unsigned char>(sql[at])) != 0 || sql[at] == '(' || sql[at] == ';') {
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
  for (std::size_t at = skip_blanks(sql, 0); at < sql.size(); ++at) {
    const auto c = static_cast<unsigned char>(sql[at]);
    if (std::isalpha(c) == 0 && c != '_') break;
    word += static_cast<char>(std::toupper(c));
  }
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

bool changes_session(std::string_view tag) noexcept {
  static constexpr std::array<std::string_view, 11> harmless{
      "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"};
  return !is_one_of(harmless, tag.substr(0, tag.find(' ')));
}

}  // namespace weir::postgres
