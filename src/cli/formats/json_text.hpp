#pragma once

#include <weir/error.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace weir::cli {

using Json = nlohmann::json;

/// Why a text is no JSON value that can be stored.
class JsonTextError final : public std::exception {
 public:
  JsonTextError(errc code, std::size_t position, std::string reason)
      : code_(code), position_(position), reason_(std::move(reason)) {}
  errc code() const noexcept { return code_; }
  /// The byte, from 1, where it went wrong; 0 when the whole is meant.
  std::size_t position() const noexcept { return position_; }
  const std::string& reason() const noexcept { return reason_; }
  const char* what() const noexcept override { return reason_.c_str(); }

 private:
  errc code_;
  std::size_t position_;
  std::string reason_;
};

/// How deep a document may be nested. A guard of the stack: writing JSON recurses.
inline constexpr std::size_t most_nesting = 1000;

/// One JSON value (RFC 8259), strictly: UTF-8, no NUL, no key twice in an object (one of the values would be lost), no
/// integer outside of −2^63 … 2^63−1 (it would be rounded), no number that overflows a double. Throws JsonTextError.
Json parse_json(std::string_view text);

}  // namespace weir::cli
