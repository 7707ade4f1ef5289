#include "cli/formats/json_scanner.hpp"

#include "cli/formats/json_text.hpp"

#include <algorithm>
#include <vector>

namespace weir::cli {
namespace {

constexpr std::size_t shown_of_long_value = 1024;
constexpr std::size_t longest_key = std::size_t{1} << 20;

// Where the value ends, fed with piece after piece of it.
class ValueEnd {
 public:
  /// The bytes of `piece` that belong to the value; `done()` says whether it ended in it. npos: brackets do not match.
  std::size_t feed(std::string_view piece) {
    for (std::size_t at = 0; at < piece.size(); ++at) {
      const char byte = piece[at];
      if (in_string_) {
        if (escaped_) {
          escaped_ = false;
        } else if (byte == '\\') {
          escaped_ = true;
        } else if (byte == '"') {
          in_string_ = false;
          if (open_.empty()) return finish(at + 1);
        }
        continue;
      }
      switch (byte) {
        case '"':
          if (in_scalar_) return finish(at);
          in_string_ = true;
          break;
        case '{':
        case '[':
          if (in_scalar_) return finish(at);
          open_.push_back(byte);
          break;
        case '}':
        case ']':
          if (open_.empty()) return finish(at);
          if (open_.back() != (byte == '}' ? '{' : '[')) return std::string_view::npos;
          open_.pop_back();
          if (open_.empty()) return finish(at + 1);
          break;
        case ',':
        case ':':
        case ' ':
        case '\t':
        case '\r':
        case '\n':
          if (open_.empty()) return finish(at);
          break;
        default:
          if (open_.empty()) in_scalar_ = true;
      }
    }
    return piece.size();
  }
  bool done() const { return done_; }
  /// Whether the value may end where the input does.
  bool may_end() const { return in_scalar_; }
  bool in_string() const { return in_string_; }

 private:
  std::size_t finish(std::size_t at) {
    done_ = true;
    return at;
  }

  std::vector<char> open_;
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_scalar_ = false;
  bool done_ = false;
};

}  // namespace

void JsonScanner::fail(const std::string& reason) const { fail_at(line_, column_, reason); }

void JsonScanner::fail_at(std::uint64_t line, std::uint64_t column, const std::string& reason) const {
  Problem problem;
  problem.line = line;
  problem.column = column;
  problem.reason = reason;
  raise(file_, problem);
}

void JsonScanner::consume(std::size_t bytes) {
  auto text = input_.view().substr(0, bytes);
  const auto last = text.rfind('\n');
  if (last != std::string_view::npos) {
    line_ += static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    column_ = 1;
    text.remove_prefix(last + 1);
  }
  // Bytes that begin a character.
  column_ += static_cast<std::uint64_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
  input_.consume(bytes);
}

int JsonScanner::peek() {
  for (;;) {
    const auto view = input_.view();
    const auto next = view.find_first_not_of(" \t\r\n");
    if (next != std::string_view::npos) {
      consume(next);
      return static_cast<unsigned char>(input_.view().front());
    }
    consume(view.size());
    if (!input_.fill()) return -1;
  }
}

void JsonScanner::take() { consume(1); }

bool JsonScanner::read_value(std::string& text, std::size_t limit, std::uint64_t& size) {
  text.clear();
  size = 0;
  if (peek() < 0) fail("the document ends where a value should be");
  const auto line = line_;
  const auto column = column_;
  ValueEnd end;
  bool whole = true;
  for (;;) {
    const auto view = input_.view();
    const auto piece = end.feed(view);
    if (piece == std::string_view::npos) fail_at(line, column, "in the value that begins here, brackets do not match");
    size += piece;
    if (whole && size > limit) {
      whole = false;
      text.resize(std::min(text.size(), shown_of_long_value));
    }
    const std::size_t room = whole ? piece : std::min(piece, shown_of_long_value - text.size());
    text.append(view.substr(0, room));
    consume(piece);
    if (end.done()) break;
    if (input_.view().empty() && !input_.fill()) {
      if (end.may_end()) break;
      fail(end.in_string() ? "the document ends inside a string" : "the document ends inside a value");
    }
  }
  if (size == 0) fail("unexpected '" + excerpt(input_.view().substr(0, 1)) + "' where a value should be");
  return whole;
}

void JsonScanner::skip_value() {
  std::string text;
  std::uint64_t size = 0;
  read_value(text, 0, size);
}

std::string JsonScanner::read_key() {
  if (peek() != '"') fail("a key in double quotes should be here");
  std::string text;
  std::uint64_t size = 0;
  if (!read_value(text, longest_key, size)) fail("a key of more than " + size_text(longest_key));
  try {
    return parse_json(text).get<std::string>();
  } catch (const JsonTextError& error) {
    fail(error.reason());
  }
}

}  // namespace weir::cli
