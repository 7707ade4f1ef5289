#pragma once

#include <weir/pattern.hpp>

#include <string>
#include <string_view>

// Patterns in Lucene's dialects, written from the parsed pattern and never by replacing text. Pure.
namespace weir::elasticsearch {

/// For a `wildcard` query: * any run, ? one character, \ before a literal * ? or \.
std::string wildcard_of(const LikePattern& pattern);
std::string wildcard_containing(std::string_view text);
/// For a `regexp` query with "flags": "NONE". Lucene matches the whole string, and its dot matches newlines.
std::string regexp_of(const Regex& regex);

}  // namespace weir::elasticsearch
