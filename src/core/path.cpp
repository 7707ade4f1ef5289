#include "core/quote.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>
#include <weir/path.hpp>

namespace weir {
namespace {

[[noreturn]] void refuse_path(std::string_view path, const char* why) {
  throw Error(errc::invalid_query, "path " + core::in_quotes(path) + ": " + why);
}

void check_key(std::string_view key, std::string_view path) {
  if (key.empty()) refuse_path(path, "an empty segment");
  switch (core::check_text(key)) {
    case core::TextFault::none: return;
    case core::TextFault::invalid_utf8: throw Error(errc::invalid_query, "a path is not valid UTF-8");
    case core::TextFault::nul: throw Error(errc::invalid_query, "a path holds U+0000");
  }
}

bool any_below(const Json& value, unsigned depth) {
  if (value.is_object() || value.is_array()) {
    if (depth >= detail::walk_limit) detail::throw_too_deep();
    for (const Json& element : value)
      if (any_below(element, depth + 1)) return true;
    return false;
  }
  return detail::is_value(value);
}

bool exists_from(const Json* value, const std::string* key, const std::string* end, unsigned depth) {
  for (;;) {
    if (key == end) return any_below(*value, depth);
    if (value->is_array()) {
      if (depth >= detail::walk_limit) detail::throw_too_deep();
      for (const Json& element : *value)
        if (exists_from(&element, key, end, depth + 1)) return true;
      return false;
    }
    const auto* object = value->get_ptr<const Json::object_t*>();
    if (object == nullptr) return false;
    const auto found = object->find(*key);
    if (found == object->end()) return false;
    value = &found->second;
    ++key;
  }
}

}  // namespace

namespace detail {
void throw_too_deep() { throw Error(errc::invalid_argument, "a record is nested deeper than any store takes"); }
}  // namespace detail

Path::Path(std::vector<std::string> keys) : keys_(std::move(keys)) {
  if (keys_.empty()) throw Error(errc::invalid_query, "a path without keys");
  if (keys_.size() > max_keys)
    throw Error(errc::invalid_query, "a path of more than " + std::to_string(max_keys) + " keys");
  for (const auto& key : keys_) check_key(key, "(keys)");
}

Path Path::parse(std::string_view text) {
  Path path;
  std::string key;
  const auto finish = [&] {
    check_key(key, text);
    if (path.keys_.size() == max_keys)
      throw Error(errc::invalid_query, "a path of more than " + std::to_string(max_keys) + " keys");
    path.keys_.push_back(std::move(key));
    key.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.') {
      finish();
    } else if (c == '\\') {
      if (++i == text.size()) refuse_path(text, "a backslash at the end");
      if (text[i] != '.' && text[i] != '\\') refuse_path(text, "the only escapes are \\. and \\\\");
      key += text[i];
    } else {
      key += c;
    }
  }
  finish();
  return path;
}

std::string Path::to_string() const {
  std::string out;
  for (const auto& key : keys_) {
    if (!out.empty()) out += '.';
    for (const char c : key) {
      if (c == '.' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

bool exists(const Json& fields, const Path& path) {
  const auto& keys = path.keys();
  return exists_from(&fields, keys.data(), keys.data() + keys.size(), 0);
}

}  // namespace weir
