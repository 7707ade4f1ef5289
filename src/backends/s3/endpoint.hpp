#pragma once

#include <weir/export.hpp>

#include <string>
#include <string_view>

/// Where a bucket is asked for. Pure.
namespace weir::s3 {

enum class Addressing { automatic, path, virtual_host };

/// @throws Error invalid_argument
WEIR_API Addressing parse_addressing(std::string_view text);

/// Where requests for one bucket go.
struct Endpoint {
  std::string origin;       ///< "https://bucket.s3.eu-west-1.amazonaws.com"
  std::string host;         ///< the field Host, which is signed: without the scheme's own port
  std::string path_prefix;  ///< before the key: "/" or "/bucket/", behind the path of a custom endpoint
  std::string region;       ///< for the signature
  bool tls = true;
};

/// @param endpoint_url of a store other than AWS, perhaps with a path; empty: AWS
/// @param region empty: us-east-1
/// @throws Error invalid_argument for a bucket's name or an address that cannot be
WEIR_API Endpoint endpoint_of(std::string_view bucket, std::string_view region, std::string_view endpoint_url,
                              Addressing addressing);

/// A name that may stand in front of a host: lower case, digits and hyphens, 3 to 63 of them.
WEIR_API bool is_host_label(std::string_view bucket) noexcept;

}  // namespace weir::s3
