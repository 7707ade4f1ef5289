#pragma once

#include <string>
#include <string_view>

namespace weir::elasticsearch {

/// "https://ID.REGION.example:443" from "name:BASE64", where BASE64 is "REGION.example$ID$KIBANA" (the port may stand
/// behind the host or the id). Throws Error invalid_argument for anything else. Pure.
std::string cloud_address(std::string_view cloud_id);

/// Without line breaks, with padding.
std::string to_base64(std::string_view bytes);

}  // namespace weir::elasticsearch
