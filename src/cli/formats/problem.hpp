#pragma once

#include <weir/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::cli {

/// What is wrong with one item of an input, and where. Items after it can still be read.
struct Problem {
  errc code = errc::invalid_argument;
  std::uint64_t line = 0;    ///< from 1
  std::uint64_t column = 0;  ///< in characters, from 1; 0: the item as a whole
  std::string reason;
  std::string text;  ///< the item as it stands in the input; of an item that is too long only the beginning
};

/// "people.jsonl:12:5: unexpected end of input". The column is left out where there is none.
std::string describe(std::string_view file, const Problem& problem);
/// Ends reading: an Error with that text.
[[noreturn]] void raise(std::string_view file, const Problem& problem);

/// "16 MiB" or "1,000 bytes": sizes in messages.
std::string size_text(std::uint64_t bytes);
/// How much of a text that may be huge or broken goes into a message: at most 40 characters, valid UTF-8, no controls.
std::string excerpt(std::string_view text);

}  // namespace weir::cli
