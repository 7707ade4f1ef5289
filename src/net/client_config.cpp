#include "net/client_config.hpp"

#include "core/config/pool_config.hpp"

#include <weir/error.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace weir::net {

http::ClientOptions client_options(const Config& config) {
  using std::chrono::milliseconds;
  const auto text = [&](const char* option) { return config.get<std::string>(option); };
  auto pool = configuration::pool_options(config);
  // HTTP has no ping: a connection is looked at before it is used.
  pool.validate_after(milliseconds{0}).keepalive_interval(milliseconds{0});
  if (!text("client_key_password").empty())
    throw Error(errc::unsupported, "option client_key_password: the key's file has to be readable without one");
  http::TlsOptions tls;
  tls.verify(config.get<bool>("verify_certs")).ca_file(text("ca_certs"));
  tls.client_cert_file(text("client_cert")).client_key_file(text("client_key"));
  http::ClientOptions out;
  out.pool(std::move(pool)).tls(std::move(tls));
  out.read_idle_timeout(config.get<milliseconds>("read_idle_timeout"));
  out.max_body(config.get<std::uint64_t>("max_response_size"));
  return out;
}

}  // namespace weir::net
