#pragma once

#include "backends/s3/credential_files.hpp"

#include <weir/awaitable.hpp>
#include <weir/s3_types.hpp>

#include <memory>
#include <string>

namespace weir::s3 {

/// Where the services are asked; the environment says otherwise with the variables that AWS's own programs read.
class ServiceAddresses {
 public:
  ServiceAddresses() = default;
  std::string instance = "http://169.254.169.254";
  std::string container = "http://169.254.170.2";
  std::string token_service;  ///< "": that of the region
};

/// The credentials that the options name, or the first that are there: what is asked for by name and is not there is
/// `authentication_failed`, and so is a chain that finds nothing; the text tells what was tried.
awaitable<Identity> find_identity(std::shared_ptr<const ClientOptions> options, Variables variables);

}  // namespace weir::s3
