#pragma once

#include <weir/config.hpp>
#include <weir/export.hpp>
#include <weir/http.hpp>

namespace weir::net {

/// What every store that speaks HTTP takes from its configuration for its client: pool, TLS, and the limits of an
/// answer. Throws Error unsupported, naming the option, for a key's password and for what a pool of such connections
/// has no use for (pings, heartbeats, pipelining).
WEIR_API http::ClientOptions client_options(const Config& config);

}  // namespace weir::net
