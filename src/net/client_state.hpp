#pragma once

#include "net/connection.hpp"
#include "net/origin.hpp"
#include "net/request_head.hpp"
#include "net/tls.hpp"

#include <weir/http.hpp>
#include <weir/pool.hpp>
#include <weir/registry.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::http::detail {

/// What the copies of a client share.
class ClientState {
 public:
  ClientState(const std::string& origin_text, ClientOptions given);

  const ClientOptions& options() const noexcept { return options_; }
  const Origin& origin() const noexcept { return origin_; }
  const std::string& origin_text() const noexcept { return origin_text_; }
  const std::string& endpoint() const noexcept { return endpoint_; }
  const HeadDefaults& defaults() const noexcept { return defaults_; }
  PoolOwner& owner() noexcept { return *owner_; }

  /// The pool of a loop.
  std::shared_ptr<Pool<Connection>> pool(PoolRegistry& registry);

 private:
  ClientOptions options_;
  Origin origin_;
  std::string origin_text_;
  std::string endpoint_;
  std::optional<Proxy> proxy_;
  std::shared_ptr<net::TlsContext> tls_;
  HeadDefaults defaults_;
  std::shared_ptr<PoolOwner> owner_;
  PoolKey key_;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, std::shared_ptr<Pool<Connection>>>> pools_;  ///< by the loop's number
};

}  // namespace weir::http::detail
