#pragma once

#include "core/config/builder.hpp"

#include <string>
#include <string_view>

namespace weir::configuration {

/// Adds "host=db1 user=me password='a b'", libpq's keyword/value form
/// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING).
void add_conninfo(Builder& builder, std::string_view text, const std::string& source);

}  // namespace weir::configuration
