#include "core/filter_lexer.hpp"

#include "core/ascii.hpp"
#include "core/json_scan.hpp"
#include "core/quote.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>

namespace weir::core {
namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool begins_word(char c) noexcept {
  return is_letter(c) || c == '_' || c == '$' || c == '@' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word_character(char c) noexcept { return begins_word(c) || is_digit(c) || c == '.' || c == '-'; }

void FilterLexer::fail_at(std::size_t position, std::string_view why) const {
  std::size_t character = 1;
  for (std::size_t i = 0; i < position && i < text_.size(); i = next_character(text_, i)) ++character;
  throw Error(errc::invalid_query, "filter, at character " + std::to_string(character) + ": " + std::string(why));
}

void FilterLexer::fail(const Token& found, std::string_view expected) const {
  const std::string what = found.kind == Token::Kind::end ? "the end" : "`" + shortened(found.text) + "`";
  fail_at(found.position, "expected " + std::string(expected) + ", found " + what);
}

Token FilterLexer::next() {
  while (position_ < text_.size() &&
         (text_[position_] == ' ' || (text_[position_] >= '\t' && text_[position_] <= '\r')))
    ++position_;
  if (position_ == text_.size()) {
    Token token;
    token.position = position_;
    return token;
  }
  const char c = text_[position_];
  const bool digit_next = position_ + 1 < text_.size() && is_digit(text_[position_ + 1]);
  if (c == '"' || c == '\'') return string(c);
  if (c == '`') return quoted_path();
  if (is_digit(c) || (c == '-' && digit_next)) return number();
  if (begins_word(c)) return word();
  return symbol();
}

Token FilterLexer::string(char quote) {
  Token token;
  token.kind = Token::Kind::string;
  token.position = position_;
  std::size_t at = position_ + 1;
  const ScanFault fault = scan_string(text_, at, quote, token.value);
  if (fault == ScanFault::unterminated) fail_at(token.position, describe(fault));
  if (fault != ScanFault::none) fail_at(at, describe(fault));
  token.text = text_.substr(position_, at - position_);
  position_ = at;
  return token;
}

// Everything up to the closing backquote is the text of a path; a backquote in it is written twice.
Token FilterLexer::quoted_path() {
  Token token;
  token.kind = Token::Kind::quoted_path;
  token.position = position_;
  std::size_t at = position_ + 1;
  for (;; ++at) {
    if (at == text_.size()) fail_at(token.position, "a path without its closing backquote");
    if (text_[at] == '`') {
      if (at + 1 == text_.size() || text_[at + 1] != '`') break;
      ++at;
    }
    token.value += text_[at];
  }
  ++at;
  token.text = text_.substr(position_, at - position_);
  position_ = at;
  return token;
}

Token FilterLexer::number() {
  Token token;
  token.kind = Token::Kind::number;
  token.position = position_;
  std::size_t at = position_;
  const ScanFault fault = scan_number(text_, at, LargeIntegers::refuse, token.number);
  if (fault != ScanFault::none) fail_at(token.position, describe(fault));
  if (at < text_.size() && is_word_character(text_[at])) fail_at(token.position, describe(ScanFault::bad_number));
  token.text = text_.substr(position_, at - position_);
  position_ = at;
  return token;
}

Token FilterLexer::word() {
  Token token;
  token.kind = Token::Kind::word;
  token.position = position_;
  std::size_t at = position_;
  while (at < text_.size() && is_word_character(text_[at])) {
    // An escape takes the next character along, whatever it is; the path says whether it is one.
    at += text_[at] == '\\' && at + 1 < text_.size() ? 2 : 1;
  }
  token.text = text_.substr(position_, at - position_);
  position_ = at;
  return token;
}

Token FilterLexer::symbol() {
  Token token;
  token.kind = Token::Kind::symbol;
  token.position = position_;
  const std::string_view rest = text_.substr(position_);
  for (const std::string_view known : {"!=", "<>", "<=", ">=", "==", "=", "<", ">", "(", ")", ","}) {
    if (!rest.starts_with(known)) continue;
    token.text = rest.substr(0, known.size());
    position_ += known.size();
    return token;
  }
  token.text = rest.substr(0, next_character(rest, 0));
  fail(token, "a filter");
}

}  // namespace weir::core
