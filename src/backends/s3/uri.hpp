#pragma once

#include <weir/export.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Percent-encoding as S3 signs it: everything but A–Z a–z 0–9 - . _ ~ is written %XX, once. Pure.
namespace weir::s3 {

enum class Slash { keep, encode };

WEIR_API void append_encoded(std::string& out, std::string_view text, Slash slash = Slash::encode);
WEIR_API std::string encoded(std::string_view text, Slash slash = Slash::encode);
/// What `encoding-type=url` did to a name in a listing: %XX and + for a space. Malformed escapes stay as they are.
WEIR_API std::string decoded(std::string_view text);

/// The parameters of a query.
using Parameters = std::vector<std::pair<std::string, std::string>>;
/// "a=1&b=": sorted by encoded name, then by value, as it is signed and sent.
WEIR_API std::string query_text(const Parameters& parameters);

}  // namespace weir::s3
