#pragma once

#include "backends/s3/timestamp.hpp"

#include <weir/export.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

/// What credentials look like in files, variables and answers. Pure.
namespace weir::s3 {

/// Who signs. Never printed.
struct Identity {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::optional<WallTime> expires;
  bool anonymous = false;  ///< nothing is signed
};

/// @throws Error authentication_failed
[[noreturn]] void refuse_credentials(std::string why);

using Variables = std::function<std::optional<std::string>(const char*)>;

/// The sections of a file in AWS's form: "[default]", "[profile name]" (without the word), keys in lower case. Lines
/// that are neither are left out, and so is what is indented below a key.
using Profiles = std::map<std::string, std::map<std::string, std::string>, std::less<>>;
WEIR_API Profiles parse_profiles(std::string_view text);

/// The static keys of a profile; none: it has none. Those of the credentials file go before those of the configuration.
/// @throws Error authentication_failed for half of a pair
WEIR_API std::optional<Identity> identity_of_profile(const Profiles& credentials, const Profiles& configuration,
                                                     std::string_view profile);
/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. @throws Error authentication_failed for half of a pair
WEIR_API std::optional<Identity> identity_of_variables(const Variables& variables);
/// What the instance's and the container's service answer (JSON).
/// @throws Error authentication_failed, never with the text
WEIR_API Identity identity_of_service(std::string_view json);

/// Whether a token may be sent to that address in plain text: this machine, or the services of ECS and EKS.
WEIR_API bool is_container_address(std::string_view host) noexcept;

}  // namespace weir::s3
