#pragma once

#include <weir/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http {

/// The head of an answer that is there whole and has nothing unusual about it.
struct ScannedHead {
  std::size_t size = 0;  ///< the empty line included
  int status = 0;
  bool keep_alive = true;
  std::optional<std::uint64_t> length;
};

/// Takes the heads that servers usually send apart in one pass, and their fields over in one piece. Pure.
///
/// None: it is not all there, or something in it needs a closer look (an interim answer, HTTP/1.0, another framing than
/// a length, a coding, a field twice that must not be, unusual spaces, whatever is no HTTP); the parser then says what
/// it is. What is taken here is what the parser would make of it.
/// @param headers empty; filled only with a result
std::optional<ScannedHead> scan_head(std::string_view bytes, std::size_t most, bool head_request, Headers& headers);

}  // namespace weir::http
