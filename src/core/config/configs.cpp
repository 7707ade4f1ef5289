#include <weir/configs.hpp>

namespace weir {
namespace {

// The options of one typed configuration as a JSON object: what was set by name, then what the setters say.
class Collected {
 public:
  explicit Collected(Json options) : json_(std::move(options)) {}

  template <class T>
  Collected& add(const char* option, const std::optional<T>& value) {
    if (!value || json_.contains(option)) return *this;
    if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
      json_[option] = value->count();
    } else {
      json_[option] = *value;
    }
    return *this;
  }

  Collected& add(const char* option, const std::vector<std::string>& value) {
    if (!value.empty() && !json_.contains(option)) json_[option] = value;
    return *this;
  }

  template <class Typed>
  Collected& common(const Typed& config) {
    return add("max_size", config.max_size())
        .add("min_size", config.min_size())
        .add("max_idle", config.max_idle())
        .add("total_limit", config.total_limit())
        .add("max_waiters", config.max_waiters())
        .add("acquire_timeout", config.acquire_timeout())
        .add("connect_timeout", config.connect_timeout())
        .add("idle_timeout", config.idle_timeout())
        .add("max_lifetime", config.max_lifetime())
        .add("drain_timeout", config.drain_timeout())
        .add("timeout", config.timeout())
        .add("retry.max_attempts", config.retry_attempts())
        .add("connect_on_open", config.connect_on_open());
  }

  Config as(const char* backend) const { return Config::from_json(backend, json_); }

 private:
  Json json_;
};

}  // namespace

MemoryConfig::operator Config() const { return Collected(options_).common(*this).add("name", name()).as("memory"); }

SqliteConfig::operator Config() const {
  return Collected(options_)
      .common(*this)
      .add("path", path())
      .add("table", table())
      .add("index", index())
      .add("synchronous", synchronous())
      .add("busy_timeout", busy_timeout())
      .add("readers", readers())
      .add("read_only", read_only())
      .add("create_if_missing", create_if_missing())
      .as("sqlite");
}

PostgresConfig::operator Config() const {
  return Collected(options_)
      .common(*this)
      .add("hosts", hosts())
      .add("host", host())
      .add("port", port())
      .add("database", database())
      .add("user", user())
      .add("password", password())
      .add("sslmode", sslmode())
      .add("ca_certs", ca_certs())
      .add("client_cert", client_cert())
      .add("client_key", client_key())
      .add("application_name", application_name())
      .add("target_session_attrs", target_session_attrs())
      .add("read_from", read_from())
      .add("table", table())
      .add("schema", schema())
      .add("index", index())
      .add("key_field", key_field())
      .add("pipeline_depth", pipeline_depth())
      .add("create_if_missing", create_if_missing())
      .as("postgres");
}

ElasticsearchConfig::operator Config() const {
  return Collected(options_)
      .common(*this)
      .add("hosts", hosts())
      .add("host", host())
      .add("port", port())
      .add("cloud_id", cloud_id())
      .add("index", index())
      .add("tls", tls())
      .add("user", user())
      .add("password", password())
      .add("api_key", api_key())
      .add("bearer_token", bearer_token())
      .add("verify_certs", verify_certs())
      .add("ca_certs", ca_certs())
      .add("client_cert", client_cert())
      .add("client_key", client_key())
      .add("tls_fingerprint", tls_fingerprint())
      .add("sniff", sniff())
      .add("refresh", refresh())
      .add("create_if_missing", create_if_missing())
      .as("elasticsearch");
}

S3Config::operator Config() const {
  return Collected(options_)
      .common(*this)
      .add("bucket", bucket())
      .add("prefix", prefix())
      .add("region", region())
      .add("endpoint_url", endpoint_url())
      .add("access_key_id", access_key_id())
      .add("secret_access_key", secret_access_key())
      .add("session_token", session_token())
      .add("credentials", credentials())
      .add("profile", profile())
      .add("addressing", addressing())
      .add("verify_certs", verify_certs())
      .add("ca_certs", ca_certs())
      .add("layout", layout())
      .add("part_size", part_size())
      .add("concurrency", concurrency())
      .add("create_if_missing", create_if_missing())
      .as("s3");
}

}  // namespace weir
