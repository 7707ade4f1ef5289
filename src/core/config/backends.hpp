#pragma once

// What Config knows of each backend besides its options.

#include "core/config/option.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

enum class UrlStyle {
  opaque,     ///< scheme:rest?query
  authority,  ///< scheme://user:password@host:port,host:port/path?query
  bucket      ///< s3://bucket/prefix?query
};

struct BackendInfo {
  std::string name;
  Families family = family::registered;
  UrlStyle style = UrlStyle::opaque;
  std::string opaque_option;           ///< what the rest of an opaque URL sets
  std::string path_option;             ///< what the path of an authority URL sets
  std::uint16_t port = 0;              ///< of a host that names none
  std::vector<std::string> schemes;    ///< the first one is written
  std::vector<std::string> nicknames;  ///< other names in `backend` and in WEIR_<NAME>_
};

class OptionSet;

/// The options of a backend of the library or a registered one, by name or nickname; null when unknown.
std::shared_ptr<const OptionSet> find_backend(std::string_view name);
/// The same by the scheme of a URL, in lower case.
std::shared_ptr<const OptionSet> find_scheme(std::string_view scheme);
std::vector<std::string> known_backends();
std::vector<std::string> known_schemes();

}  // namespace weir::configuration
