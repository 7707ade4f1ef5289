#include "core/config/conninfo.hpp"

namespace weir::configuration {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  Reader(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

  bool at_end() {
    skip_blanks();
    return position_ == text_.size();
  }

  std::string key() {
    const auto begin = position_;
    while (position_ < text_.size() && text_[position_] != '=' && !is_blank(text_[position_])) ++position_;
    auto result = std::string(text_.substr(begin, position_ - begin));
    skip_blanks();
    if (result.empty() || position_ == text_.size() || text_[position_] != '=') bad("a keyword is not followed by '='");
    ++position_;
    skip_blanks();
    return result;
  }

  std::string value() {
    const bool quoted = position_ < text_.size() && text_[position_] == '\'';
    if (quoted) ++position_;
    std::string result;
    while (position_ < text_.size() && (quoted ? text_[position_] != '\'' : !is_blank(text_[position_]))) {
      if (text_[position_] == '\\' && position_ + 1 < text_.size()) ++position_;
      result += text_[position_++];
    }
    if (quoted && position_++ == text_.size()) bad("a quote is not closed");
    return result;
  }

 private:
  void skip_blanks() {
    while (position_ < text_.size() && is_blank(text_[position_])) ++position_;
  }
  [[noreturn]] void bad(const std::string& reason) const {
    refuse("postgres", "the connection string" + where_ + " cannot be read: " + reason);
  }

  std::string_view text_;
  std::string where_;
  std::size_t position_ = 0;
};

}  // namespace

void add_conninfo(Builder& builder, std::string_view text, const std::string& source) {
  Reader reader(text, source.empty() ? "" : " (" + source + ")");
  while (!reader.at_end()) {
    auto key = reader.key();
    builder.add({std::move(key), Json(reader.value()), false,
                 source.empty() ? "connection string" : source + ", connection string"},
                form::conninfo);
  }
}

}  // namespace weir::configuration
