#include "core/json_scan.hpp"
#include "core/json_text.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>

namespace weir::core {
namespace {

class Reader {
 public:
  Reader(std::string_view text, bool strict) : text_(text), strict_(strict) {}

  Json read() {
    if (strict_ && text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
    Json json;
    value(json, 0);
    space();
    if (position_ != text_.size()) fail("text behind the end of the value");
    return json;
  }
  // Up to the end of the value that begins at `position`, which is moved there.
  Json read_at(std::size_t& position) {
    position_ = position;
    Json json;
    value(json, 0);
    position = position_;
    return json;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    std::size_t line = 1;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < position_ && i < text_.size(); ++i)
      if (text_[i] == '\n') ++line, begin = i + 1;
    std::size_t column = 1;
    for (std::size_t i = begin; i < position_ && i < text_.size(); i = next_character(text_, i)) ++column;
    throw Error(strict_ ? errc::invalid_argument : errc::corrupt_data,
                "JSON, line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + std::string(why));
  }

  void space() noexcept {
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++position_;
    }
  }
  // The next character that is no space; NUL, which begins nothing, at the end.
  char peek() noexcept {
    space();
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  void value(Json& out, std::size_t depth) {
    const char c = peek();
    switch (c) {
      case '{': object(out, depth); return;
      case '[': array(out, depth); return;
      case '"':
        out = Json(Json::value_t::string);  // read where it stays
        string(*out.get_ptr<Json::string_t*>());
        return;
      case 't':
        word("true");
        out = true;
        return;
      case 'f':
        word("false");
        out = false;
        return;
      case 'n':
        word("null");
        out = nullptr;
        return;
      default: break;
    }
    if (c != '-' && (c < '0' || c > '9'))
      fail(position_ == text_.size() ? "the text ends where a value was expected" : "expected a value");
    const ScanFault fault =
        scan_number(text_, position_, strict_ ? LargeIntegers::refuse : LargeIntegers::as_double, out);
    if (fault != ScanFault::none) fail(describe(fault));
  }

  void word(std::string_view wanted) {
    if (!text_.substr(position_).starts_with(wanted)) fail("expected a value");
    position_ += wanted.size();
  }

  void string(std::string& out) {
    ++position_;
    const ScanFault fault = scan_string(text_, position_, '"', out);
    if (fault != ScanFault::none) fail(describe(fault));
  }

  void enter(std::size_t depth) {
    if (depth == max_json_depth) fail("nested deeper than 1000");
    ++position_;
  }

  void object(Json& out, std::size_t depth) {
    enter(depth);
    out = Json::object();
    auto& members = *out.get_ptr<Json::object_t*>();
    if (peek() == '}') {
      ++position_;
      return;
    }
    for (;;) {
      if (peek() != '"') fail("expected a key in double quotes");
      const std::size_t begin = position_;
      std::string key;
      string(key);
      if (peek() != ':') fail("expected a colon behind the key");
      ++position_;
      // Most writers sort their keys, and then the place is known.
      const std::size_t before = members.size();
      const auto member = members.emplace_hint(members.end(), std::move(key), nullptr);
      if (members.size() == before && strict_) {
        position_ = begin;
        fail("a key that is in this object already");
      }
      value(member->second, depth + 1);
      const char c = peek();
      if (c != ',' && c != '}') fail("expected a comma or the end of the object");
      ++position_;
      if (c == '}') return;
    }
  }

  void array(Json& out, std::size_t depth) {
    enter(depth);
    out = Json::array();
    auto& elements = *out.get_ptr<Json::array_t*>();
    if (peek() == ']') {
      ++position_;
      return;
    }
    elements.reserve(4);  // instead of 1, 2, 4
    for (;;) {
      value(elements.emplace_back(), depth + 1);
      const char c = peek();
      if (c != ',' && c != ']') fail("expected a comma or the end of the list");
      ++position_;
      if (c == ']') return;
    }
  }

  std::string_view text_;
  std::size_t position_ = 0;
  bool strict_;
};

static_assert(max_json_depth == 1000, "a message above names it");

}  // namespace

Json parse_json(std::string_view text) { return Reader(text, true).read(); }
Json parse_stored_json(std::string_view text) { return Reader(text, false).read(); }
Json scan_stored_json(std::string_view text, std::size_t& position) { return Reader(text, false).read_at(position); }

}  // namespace weir::core
