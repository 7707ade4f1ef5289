#pragma once

#include <weir/config.hpp>
#include <weir/s3_types.hpp>

#include <cstdint>
#include <string>

namespace weir::s3 {

/// What the options of a database are for the client and the records.
class Settings {
 public:
  Settings() = default;
  std::string bucket;
  std::string prefix;
  bool create = false;
  std::string layout;
  ClientOptions client;
};

/// @throws Error invalid_argument naming the option
Settings read_settings(const Config& config);

}  // namespace weir::s3
