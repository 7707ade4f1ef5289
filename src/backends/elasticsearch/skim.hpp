#pragma once

#include "core/json_scan.hpp"

#include <weir/error.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <string_view>

// JSON gone through from the front, of which only some members are wanted. Pure.
namespace weir::elasticsearch {

/// Goes through a JSON text once. What is not wanted is passed over by its quotes and brackets only: it is not looked
/// at, be it JSON or not. Throws Error protocol_error where the text has not the shape that is asked for.
class Skimmer {
 public:
  explicit Skimmer(std::string_view text) noexcept : text_(text) {}

  /// The first character of what comes next; NUL at the end.
  char peek() noexcept {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
      ++at_;
    }
    return '\0';
  }

  /// An object. `member(key)` is called for each and takes its value, by `value`, `object` or `array`. A key is as it
  /// is written, with its escapes.
  template <class Member>
  void object(Member member) {
    take('{');
    if (peek() == '}') return take('}');
    for (;;) {
      const auto key = string();
      take(':');
      member(key);
      if (peek() == '}') return take('}');
      take(',');
    }
  }

  /// An array; `element()` takes each.
  template <class Element>
  void array(Element element) {
    take('[');
    if (peek() == ']') return take(']');
    for (;;) {
      element();
      if (peek() == ']') return take(']');
      take(',');
    }
  }

  /// The text of a value, as it is written.
  std::string_view value() {
    const char first = peek();
    const auto begin = at_;
    if (first == '"') {
      string();
    } else if (first == '{' || first == '[') {
      container();
    } else {
      while (at_ < text_.size() && !ends_word(text_[at_])) ++at_;
      if (at_ == begin) refuse();
    }
    return text_.substr(begin, at_ - begin);
  }

  /// A value, read.
  Json json() {
    peek();
    try {
      return core::scan_stored_json(text_, at_);
    } catch (const Error&) {
      refuse();
    }
  }

  /// Nothing follows.
  void end() {
    if (peek() != '\0' || at_ != text_.size()) refuse();
  }

 private:
  [[noreturn]] static void refuse() { throw Error(errc::protocol_error, "the answer is no JSON"); }
  static bool ends_word(char c) noexcept {
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
  void take(char wanted) {
    if (peek() != wanted) refuse();
    ++at_;
  }
  // What is between the quotes.
  std::string_view string() {
    take('"');
    const auto begin = at_;
    for (;;) {
      const auto quote = text_.find('"', at_);
      if (quote == std::string_view::npos) refuse();
      at_ = quote + 1;
      // A quote behind an odd number of backslashes is one of the text.
      std::size_t backslashes = 0;
      while (quote - backslashes > begin && text_[quote - backslashes - 1] == '\\') ++backslashes;
      if (backslashes % 2 == 0) return text_.substr(begin, quote - begin);
    }
  }
  void container() {
    std::size_t depth = 0;
    do {
      if (at_ == text_.size()) refuse();
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
    } while (depth != 0);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace weir::elasticsearch
