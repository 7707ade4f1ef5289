#include "net/client_state.hpp"

#include <weir/error.hpp>

#include <cstdlib>

namespace weir::http {

PoolOptions ClientOptions::default_pool() {
  using std::chrono::milliseconds;
  return PoolOptions{}
      .max_size(32)
      .max_connecting(4)
      .idle_timeout(milliseconds{50'000})
      .max_lifetime(milliseconds{600'000})
      .validate_after(milliseconds{0})
      .keepalive_interval(milliseconds{0});
}

namespace detail {
namespace {

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

void check(const ClientOptions& options) {
  const auto refuse = [](const std::string& option, const std::string& why) {
    throw Error(errc::invalid_argument, option + " " + why);
  };
  if (options.max_head() < 256 || options.max_head() > (16U << 20U)) refuse("max_head", "is from 256 bytes to 16 MiB");
  for (const auto& [name, value] : {std::pair<const char*, std::chrono::milliseconds>{"timeout", options.timeout()},
                                    {"first_byte_timeout", options.first_byte_timeout()},
                                    {"read_idle_timeout", options.read_idle_timeout()},
                                    {"write_idle_timeout", options.write_idle_timeout()},
                                    {"continue_timeout", options.continue_timeout()},
                                    {"low_speed_time", options.low_speed_time()},
                                    {"resolve_ttl", options.resolve_ttl()}})
    if (value.count() < 0) refuse(name, "is negative");
  if (options.low_speed_limit() != 0 && options.low_speed_time() < std::chrono::milliseconds{100})
    refuse("low_speed_time", "is at least 100 ms where low_speed_limit is set");
  options.pool().validate();
  check_fields(options.headers());
}

Headers common_fields(const ClientOptions& options) {
  Headers out = options.headers();
  if (!options.user_agent().empty() && !out.contains("User-Agent")) out.add("User-Agent", options.user_agent());
  if (options.gzip() && !out.contains("Accept-Encoding")) out.add("Accept-Encoding", "gzip");
  return out;
}

// What two clients must have in common to use each other's connections; compared, never shown.
std::string identity_of(const ClientOptions& options, const std::optional<Proxy>& proxy, const net::TlsContext* tls) {
  std::string text = options.pool().to_string() + '\n' + std::to_string(options.max_head()) + '\n' +
                     std::to_string(options.resolve_ttl().count()) + '\n';
  if (proxy) text += proxy->address.endpoint() + '\n' + proxy->authorization;
  text += '\n';
  if (tls != nullptr) text += tls->identity();
  return net::sha256_hex(text);
}

}  // namespace

ClientState::ClientState(const std::string& text, ClientOptions given)
    : options_(std::move(given)),
      origin_(parse_origin(text)),
      origin_text_(origin_.to_string()),
      endpoint_(origin_.endpoint()),
      owner_(std::make_shared<PoolOwner>()),
      key_("http", origin_text_) {
  check(options_);
  proxy_ = choose_proxy(options_.proxy(), environment, origin_);
  if (origin_.tls) tls_ = std::make_shared<net::TlsContext>(options_.tls(), origin_.host);
  defaults_.host = origin_.host_field();
  defaults_.headers = common_fields(options_);
  if (proxy_ && !origin_.tls) {
    defaults_.target_prefix = "http://" + defaults_.host;
    defaults_.proxy_authorization = proxy_->authorization;
  }
  key_ = PoolKey("http", origin_text_, identity_of(options_, proxy_, tls_.get()));
}

std::shared_ptr<Pool<Connection>> ClientState::pool(PoolRegistry& registry) {
  const std::lock_guard lock(mutex_);
  for (const auto& [loop, pool] : pools_)
    if (loop == registry.loop()) return pool;
  // Of a loop that is gone nobody else holds the pool.
  std::erase_if(pools_, [](const auto& entry) { return entry.second.use_count() == 1; });
  auto connector = std::make_shared<Connector>(origin_, proxy_, tls_, options_);
  auto made = registry.get<Connection>(key_, std::move(connector), options_.pool(), owner_);
  pools_.emplace_back(registry.loop(), made);
  return made;
}

}  // namespace detail
}  // namespace weir::http
