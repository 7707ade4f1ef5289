#include "cli/formats/json_text.hpp"

#include "cli/formats/problem.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace weir::cli {
namespace {

// "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error while parsing value - unexpected
// end of input; expected …" without what nobody needs to read.
std::string reason_of(std::string_view text) {
  for (const std::string_view intro : {"] ", "parse error", ": "}) {
    const auto found = text.find(intro);
    if (found == std::string_view::npos) break;
    text.remove_prefix(found + (intro == "parse error" ? 0 : intro.size()));
  }
  constexpr std::string_view syntax = "syntax error while parsing ";
  if (text.starts_with(syntax)) {
    const auto dash = text.find(" - ");
    if (dash != std::string_view::npos) text.remove_prefix(dash + 3);
  }
  // The last token is repeated whole, however long it is.
  const auto last_read = text.find("; last read: '");
  if (last_read != std::string_view::npos) {
    auto token = text.substr(last_read + 14);
    const auto end = token.rfind('\'');
    const auto rest = end == std::string_view::npos ? std::string_view{} : token.substr(end + 1);
    if (end != std::string_view::npos) token = token.substr(0, end);
    return std::string(text.substr(0, last_read)) + " at '" + excerpt(token) + "'" + std::string(rest);
  }
  return std::string(text);
}

class Builder {
 public:
  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(Json::number_integer_t value) { return put(value); }
  bool number_unsigned(Json::number_unsigned_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse(std::to_string(value) + " is outside the range of integers (-2^63 to 2^63-1)");
    // As a signed number where it is one, so that equal documents have equal types.
    return put(value);
  }
  bool number_float(Json::number_float_t value, const std::string& text) {
    if (text.find_first_of(".eE") == std::string::npos)
      return refuse(excerpt(text) + " is outside the range of integers (-2^63 to 2^63-1)");
    return put(value);
  }
  bool string(std::string& value) {
    if (value.find('\0') != std::string::npos) return refuse("a string holds U+0000, which no store takes");
    return put(std::move(value));
  }
  bool binary(Json::binary_t&) { return refuse("binary values are no JSON"); }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    if (name.find('\0') != std::string::npos) return refuse("a key holds U+0000, which no store takes");
    auto& object = *stack_.back()->get_ptr<Json::object_t*>();
    // Most documents have their keys in one order, often sorted: the end is a good guess.
    const auto size = object.size();
    const auto place = object.emplace_hint(object.end(), std::move(name), nullptr);
    if (object.size() == size) return refuse("the key \"" + excerpt(place->first) + "\" is there twice");
    member_ = &place->second;
    return true;
  }
  template <class Exception>
  bool parse_error(std::size_t position, const std::string&, const Exception& exception) {
    error_.emplace(errc::invalid_argument, position, reason_of(exception.what()));
    return false;
  }

  const std::optional<JsonTextError>& error() const { return error_; }
  Json take() { return std::move(root_); }

 private:
  bool refuse(std::string reason) {
    error_.emplace(errc::invalid_argument, 0, std::move(reason));
    return false;
  }
  template <class V>
  Json* place(V&& value) {
    if (stack_.empty()) {
      root_ = std::forward<V>(value);
      return &root_;
    }
    if (auto* array = stack_.back()->get_ptr<Json::array_t*>()) return &array->emplace_back(std::forward<V>(value));
    *member_ = std::forward<V>(value);
    return member_;
  }
  template <class V>
  bool put(V&& value) {
    place(std::forward<V>(value));
    return true;
  }
  bool open(Json container) {
    if (stack_.size() == most_nesting)
      return refuse("nested more than " + std::to_string(most_nesting) + " levels deep");
    stack_.push_back(place(std::move(container)));
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  Json root_;
  std::vector<Json*> stack_;
  Json* member_ = nullptr;
  std::optional<JsonTextError> error_;
};

}  // namespace

Json parse_json(std::string_view text) {
  Builder builder;
  const bool complete = Json::sax_parse(text.data(), text.data() + text.size(), &builder);
  if (builder.error()) throw *builder.error();
  if (!complete) throw JsonTextError(errc::invalid_argument, 0, "not a JSON value");
  return builder.take();
}

}  // namespace weir::cli
