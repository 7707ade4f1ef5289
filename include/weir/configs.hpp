#pragma once

/// @file
/// Configurations with a type for each backend of the library, for those who write them in C++:
///
///     auto config = PostgresConfig{}.hosts({"db1", "db2"}).database("app").user("me").max_size(20);
///     auto db = co_await AsyncDatabase::open(config);
///
/// What is not set, and an empty list, has the default that docs/configuration.md tells. Values are checked where the
/// type becomes a Config: that throws `invalid_argument` as Config::from_json does. Options without a setter here go
/// through `option()`.

#include <weir/config.hpp>
#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Any option by its name, over what the setters say; and what every backend has.
#define WEIR_COMMON_OPTIONS(Class)                                                            \
 public:                                                                                      \
  Class& option(std::string name, ::weir::Json value)& {                                      \
    options_[std::move(name)] = std::move(value);                                             \
    return *this;                                                                             \
  }                                                                                           \
  Class&& option(std::string name, ::weir::Json value)&& {                                    \
    options_[std::move(name)] = std::move(value);                                             \
    return std::move(*this);                                                                  \
  }                                                                                           \
  operator ::weir::Config() const; /* NOLINT(google-explicit-constructor): that is its use */ \
                                                                                              \
 private:                                                                                     \
  ::weir::Json options_ = ::weir::Json::object();                                             \
  WEIR_SETTING(Class, std::optional<unsigned>, max_size, {})                                  \
  WEIR_SETTING(Class, std::optional<unsigned>, min_size, {})                                  \
  WEIR_SETTING(Class, std::optional<unsigned>, max_idle, {})                                  \
  WEIR_SETTING(Class, std::optional<unsigned>, total_limit, {})                               \
  WEIR_SETTING(Class, std::optional<unsigned>, max_waiters, {})                               \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, acquire_timeout, {})          \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, connect_timeout, {})          \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, idle_timeout, {})             \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, max_lifetime, {})             \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, drain_timeout, {})            \
  WEIR_SETTING(Class, std::optional<std::chrono::milliseconds>, timeout, {})                  \
  WEIR_SETTING(Class, std::optional<unsigned>, retry_attempts, {})                            \
  WEIR_SETTING(Class, std::optional<bool>, connect_on_open, {})

namespace weir {

/// *Thread safety*: a value, as all of these.
class WEIR_API MemoryConfig {
 public:
  MemoryConfig() = default;
  /// Databases of one name are one database in the process; without a name it is one of its own.
  WEIR_SETTING(MemoryConfig, std::optional<std::string>, name, {})
  WEIR_COMMON_OPTIONS(MemoryConfig)
};

class WEIR_API SqliteConfig {
 public:
  SqliteConfig() = default;
  explicit SqliteConfig(std::string path) : path_(std::move(path)) {}
  WEIR_SETTING(SqliteConfig, std::optional<std::string>, path, {})  ///< or ":memory:"
  WEIR_SETTING(SqliteConfig, std::optional<std::string>, table, {})
  WEIR_SETTING(SqliteConfig, std::vector<std::string>, index, {})          ///< paths with an expression index
  WEIR_SETTING(SqliteConfig, std::optional<std::string>, synchronous, {})  ///< "normal", "full", "extra", "off"
  WEIR_SETTING(SqliteConfig, std::optional<std::chrono::milliseconds>, busy_timeout, {})
  WEIR_SETTING(SqliteConfig, std::optional<unsigned>, readers, {})
  WEIR_SETTING(SqliteConfig, std::optional<bool>, read_only, {})
  WEIR_SETTING(SqliteConfig, std::optional<bool>, create_if_missing, {})
  WEIR_COMMON_OPTIONS(SqliteConfig)
};

class WEIR_API PostgresConfig {
 public:
  PostgresConfig() = default;
  /// "name", "name:port", "[::1]:port" or the directory of a Unix socket.
  WEIR_SETTING(PostgresConfig, std::vector<std::string>, hosts, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, host, {})  ///< the only one
  WEIR_SETTING(PostgresConfig, std::optional<std::uint16_t>, port, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, database, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, user, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, password, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, sslmode, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, ca_certs, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, client_cert, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, client_key, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, application_name, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, target_session_attrs, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, read_from, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, table, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, schema, {})
  WEIR_SETTING(PostgresConfig, std::vector<std::string>, index, {})
  WEIR_SETTING(PostgresConfig, std::optional<std::string>, key_field, {})
  WEIR_SETTING(PostgresConfig, std::optional<unsigned>, pipeline_depth, {})
  WEIR_SETTING(PostgresConfig, std::optional<bool>, create_if_missing, {})
  WEIR_COMMON_OPTIONS(PostgresConfig)
};

/// Elasticsearch and OpenSearch.
class WEIR_API ElasticsearchConfig {
 public:
  ElasticsearchConfig() = default;
  /// "name:port" or "https://name:port".
  WEIR_SETTING(ElasticsearchConfig, std::vector<std::string>, hosts, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, host, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::uint16_t>, port, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, cloud_id, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, index, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<bool>, tls, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, user, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, password, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, api_key, {})  ///< base64 of id:key
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, bearer_token, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<bool>, verify_certs, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, ca_certs, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, client_cert, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, client_key, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, tls_fingerprint, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<bool>, sniff, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<std::string>, refresh, {})
  WEIR_SETTING(ElasticsearchConfig, std::optional<bool>, create_if_missing, {})
  WEIR_COMMON_OPTIONS(ElasticsearchConfig)
};

class WEIR_API S3Config {
 public:
  S3Config() = default;
  explicit S3Config(std::string bucket) : bucket_(std::move(bucket)) {}
  WEIR_SETTING(S3Config, std::optional<std::string>, bucket, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, prefix, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, region, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, endpoint_url, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, access_key_id, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, secret_access_key, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, session_token, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, credentials, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, profile, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, addressing, {})
  WEIR_SETTING(S3Config, std::optional<bool>, verify_certs, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, ca_certs, {})
  WEIR_SETTING(S3Config, std::optional<std::string>, layout, {})
  WEIR_SETTING(S3Config, std::optional<std::uint64_t>, part_size, {})  ///< bytes
  WEIR_SETTING(S3Config, std::optional<unsigned>, concurrency, {})
  WEIR_SETTING(S3Config, std::optional<bool>, create_if_missing, {})
  WEIR_COMMON_OPTIONS(S3Config)
};

}  // namespace weir

#undef WEIR_COMMON_OPTIONS
