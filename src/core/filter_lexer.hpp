#pragma once

// The words of the text form of filters.

#include <weir/record.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::core {

struct Token {
  enum class Kind { end, word, quoted_path, string, number, symbol };
  Kind kind = Kind::end;
  std::size_t position = 0;  // of its first byte
  std::string_view text;     // as it stands in the source
  std::string value;         // of string and quoted_path: the content
  Json number;
};

class FilterLexer {
 public:
  explicit FilterLexer(std::string_view text) : text_(text) {}

  // @throws Error invalid_query for text that is no token
  Token next();
  // Throws: position (characters, from 1), what was expected and what stands there.
  [[noreturn]] void fail(const Token& found, std::string_view expected) const;

 private:
  [[noreturn]] void fail_at(std::size_t position, std::string_view why) const;
  Token string(char quote);
  Token quoted_path();
  Token number();
  Token word();
  Token symbol();

  std::string_view text_;
  std::size_t position_ = 0;
};

// Whether a character may stand in a path without backquotes.
bool is_word_character(char c) noexcept;
bool begins_word(char c) noexcept;

}  // namespace weir::core
