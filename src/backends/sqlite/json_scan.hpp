#pragma once

// Reading JSON text where it lies, without building values: what filters and orderings need of a stored record.
// The text is UTF-8 as the codec writes it; anything malformed throws CorruptJson and is never read past its end.

#include "core/scalar.hpp"

#include <string>
#include <string_view>

namespace weir::sqlite {

struct CorruptJson {};

// Far deeper than any record that is taken (100 objects, 8 arrays in each); it guards the stack against a file that
// others wrote.
inline constexpr unsigned json_depth_limit = 4000;

// A scalar as it stands in the text: never an unsigned_integer, a number beyond int64 is read as a double. A string's
// text is unescaped and valid until the scanner's buffer is used again.
using core::Scalar;

class JsonScanner {
 public:
  JsonScanner(std::string_view text, std::string& buffer)
      : at_(text.data()), end_(text.data() + text.size()), buffer_(&buffer) {}

  // The first character of the next value, or what closes the container; never a blank.
  char peek() {
    skip_blank();
    if (at_ == end_) throw CorruptJson{};
    return *at_;
  }
  void expect(char wanted) {
    if (peek() != wanted) throw CorruptJson{};
    ++at_;
  }
  // Whether the wanted character comes next; it is consumed then.
  bool accept(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  bool at_end() {
    skip_blank();
    return at_ == end_;
  }

  // A string between quotes, unescaped into the buffer only where it has to be.
  std::string_view string();
  // Whether the last string was printable ASCII without escapes, hence beyond doubt.
  bool last_was_plain() const noexcept { return plain_; }
  // A number, string or boolean; false for null. Not for containers.
  bool scalar(Scalar& out);
  // Steps over one value of any kind.
  void skip_value();
  // Steps over one value; whether a scalar other than null is in it.
  bool skip_value_with_scalar();

 private:
  void skip_blank() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') return;
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  void skip_string();
  void unescape(const char* from, const char* to);
  void number(Scalar& out);
  void literal(std::string_view word);

  const char* at_;
  const char* end_;
  std::string* buffer_;
  bool plain_ = false;
};

}  // namespace weir::sqlite
