#pragma once

#include <weir/http_message.hpp>

#include <array>
#include <span>
#include <string_view>

namespace weir::http::detail {

/// Fields that a parser has looked at already.
class HeadersAccess {
 public:
  /// Where the fields of a usual head are; one with more is not usual.
  using Places = std::array<Headers::Place, 48>;

  static void append(Headers& headers, std::string_view name, std::string_view value) { headers.append(name, value); }
  /// Lines "Name: value\r\n", and where names and values are in them.
  static void assign(Headers& headers, std::string_view lines, std::span<const Headers::Place> places) {
    headers.text_.assign(lines);
    headers.places_.assign(places.begin(), places.end());
  }
  static void reserve(Headers& headers, std::size_t bytes) {
    headers.text_.reserve(bytes < 1024 ? bytes : 1024);
    headers.places_.reserve(12);
  }
};

}  // namespace weir::http::detail
