#pragma once

#include <weir/http_message.hpp>

#include <string_view>

namespace weir::http::detail {

/// Fields that a parser has looked at already.
class HeadersAccess {
 public:
  static void append(Headers& headers, std::string_view name, std::string_view value) { headers.append(name, value); }
  static void reserve(Headers& headers, std::size_t bytes) {
    headers.text_.reserve(bytes < 1024 ? bytes : 1024);
    headers.places_.reserve(8);
  }
};

}  // namespace weir::http::detail
