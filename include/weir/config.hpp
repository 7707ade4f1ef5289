#pragma once

/// @file
/// How a database is named and tuned: one set of options, the same in a URL, in JSON, in YAML and in the environment.
/// docs/configuration.md lists them all.

#include <weir/detail/setting.hpp>
#include <weir/export.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

using Json = nlohmann::json;

/// What the value of an option is.
enum class OptionType {
  boolean,   ///< true, false; in text also yes/no, on/off, 1/0
  uint,      ///< 0, 1, 2 …
  integer,   ///< with a sign
  duration,  ///< whole milliseconds, or text with a unit: us, ms, s, m, h, d
  size,      ///< bytes, or text with a unit: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB
  text,      ///< UTF-8 without NUL
  choice,    ///< one of a few words
  list       ///< of text; in a URL, the environment or a single string separated by commas
};

/// What an option shapes, and so whether handles that differ in it can share a pool.
enum class OptionScope {
  pool,  ///< the connections or their pool: part of `Config::identity()`
  call,  ///< an operation; does not split a pool
  local  ///< what a handle works on (table, index, prefix); does not split a pool
};

/// One row of the option table, as it can be asked for and as a backend of your own registers it.
class OptionRow {
 public:
  OptionRow() = default;
  OptionRow(std::string name, OptionType type) : name_(std::move(name)), type_(type) {}

  /// Lower-case letters, digits, `_` and `.`.
  WEIR_SETTING(OptionRow, std::string, name, {})
  WEIR_SETTING(OptionRow, OptionType, type, OptionType::text)
  /// As it would be written in a URL; `=other` means the value of another option; empty: none.
  WEIR_SETTING(OptionRow, std::string, default_value, {})
  WEIR_SETTING(OptionRow, OptionScope, scope, OptionScope::pool)
  /// Never printed, and in `identity()` as a keyed digest only.
  WEIR_SETTING(OptionRow, bool, secret, false)
  /// A file that counts in `identity()` with its content, not its name (certificates, keys).
  WEIR_SETTING(OptionRow, bool, file, false)
  WEIR_SETTING(OptionRow, std::vector<std::string>, choices, {})
  /// Bounds of `uint`, `duration` (milliseconds) and `size` (bytes), both included.
  WEIR_SETTING(OptionRow, std::uint64_t, minimum, 0)
  WEIR_SETTING(OptionRow, std::uint64_t, maximum, std::numeric_limits<std::uint64_t>::max())
  /// Other names of the option in URL, JSON, YAML and behind `WEIR_<BACKEND>_`.
  WEIR_SETTING(OptionRow, std::vector<std::string>, aliases, {})
  /// Environment variables that are read besides `WEIR_<BACKEND>_<NAME>`.
  WEIR_SETTING(OptionRow, std::vector<std::string>, variables, {})
  WEIR_SETTING(OptionRow, std::string, description, {})
};

/// Asks for a form that holds the secrets: `config.to_url(WithSecrets{})`.
struct WithSecrets {
  WithSecrets() = default;
};

/// The types that `Config::get` gives.
template <class T>
concept OptionValue = std::same_as<T, bool> || std::same_as<T, unsigned> || std::same_as<T, std::uint64_t> ||
                      std::same_as<T, std::int64_t> || std::same_as<T, std::chrono::milliseconds> ||
                      std::same_as<T, std::string> || std::same_as<T, std::vector<std::string>>;

/// The options of one database. A value: copies are cheap and share nothing that can change.
///
/// What can be wrong with one option (its name, its type, its range) is refused where it is given, with
/// `invalid_argument` naming the option, the value (never of a secret), the source (URL query, JSON, `file:line`,
/// environment variable) and for an unknown name the nearest known one. What is wrong between options is found by
/// `validate()`, which `AsyncDatabase::open` calls.
///
/// *Thread safety*: as a value; const functions may run at the same time.
class WEIR_API Config {
 public:
  /// `memory:`
  Config();

  /// Reads a URL such as `sqlite:people.db?synchronous=full` or `postgresql://me@h1:5432,h2:5432/db?table=people`.
  /// Reserved characters are percent-encoded; in user and password also `@ : / ? #`.
  static Config from_url(std::string_view url);
  /// `{"backend": "postgres", …}` or `{"url": "postgresql://…", …}`. Options may be grouped: `{"pool": {"max_size":
  /// 4}}` is `{"max_size": 4}`, and `{"retry": {"base": 50}}` is `{"retry.base": 50}`.
  static Config from_json(const Json& config);
  /// The same with the backend's name apart.
  static Config from_json(std::string_view backend, const Json& options);
  /// Reads `WEIR_<BACKEND>_<OPTION>` (dots become underscores), and the variables people have already, such as `PGHOST`
  /// or `AWS_REGION`. An unknown name behind `WEIR_<BACKEND>_` is an error. The environment is read once; no other
  /// thread may change it meanwhile.
  static Config from_environment(std::string_view backend);
  /// Reads the entry `name` of the map `databases` in a YAML file (`.yaml`, `.yml`) or JSON file (`.json`) of at most 1
  /// MiB. Blocks on the file system. Errors: `not_found`, `permission_denied`, `invalid_argument` with file and line.
  static Config load(std::string_view file, std::string_view name);

  /// "memory", "sqlite", "postgres", "elasticsearch", "s3", "mongodb", or the name of a registered backend.
  const std::string& backend() const noexcept;
  /// Whether the option was given; its default does not count.
  bool has(std::string_view option) const;
  /// The value that was given, else the default for this backend, else zero, empty or false. `invalid_argument` when
  /// there is no such option or when it has another type.
  template <OptionValue T>
  T get(std::string_view option) const;

  /// Gives an option (by its name or an alias) another value, as in JSON.
  Config& set(std::string_view option, Json value) &;
  Config&& set(std::string_view option, Json value) &&;

  /// Throws `invalid_argument` when options do not fit together or a necessary one is missing.
  void validate() const;
  /// Sentences for the log: options that were ignored (in a `mongodb://` URL), or that are legal and hardly meant.
  std::vector<std::string> warnings() const;

  /// The configuration as a URL without the secrets. `from_url` reads it again.
  std::string to_url() const;
  /// `from_url(to_url(WithSecrets{}))` is equal to this.
  std::string to_url(WithSecrets) const;
  /// `from_json` reads it again; the secrets are missing.
  Json to_json() const;
  Json to_json(WithSecrets) const;
  /// For people: the URL with `***` in the place of secrets.
  std::string to_string() const;

  /// Equal for two configurations of this process exactly if their connections are interchangeable and their pools the
  /// same: endpoints, credentials, database, TLS material, session settings and all options of scope `pool`, with
  /// defaults filled in. Secrets and files are in it as digests under a key that is drawn once per process, so it is
  /// good for comparing only. Reads the certificate files; `invalid_argument` when one cannot be read.
  std::string identity() const;

  /// Same backend and the same options given.
  friend WEIR_API bool operator==(const Config& a, const Config& b);
  /// Writes `to_string()`.
  friend WEIR_API std::ostream& operator<<(std::ostream& out, const Config& config);

  struct State;  ///< internal
  explicit Config(std::shared_ptr<const State> state);

 private:
  std::shared_ptr<const State> state_;
};

extern template bool Config::get<bool>(std::string_view) const;
extern template unsigned Config::get<unsigned>(std::string_view) const;
extern template std::uint64_t Config::get<std::uint64_t>(std::string_view) const;
extern template std::int64_t Config::get<std::int64_t>(std::string_view) const;
extern template std::chrono::milliseconds Config::get<std::chrono::milliseconds>(std::string_view) const;
extern template std::string Config::get<std::string>(std::string_view) const;
extern template std::vector<std::string> Config::get<std::vector<std::string>>(std::string_view) const;

/// Makes a backend of your own known to `Config`: its name is its URL scheme (`tiny:anything?x=y`), what stands between
/// is the option `location`. The options that every backend has are there already. Without rows any other option is
/// taken as text (and hidden when its name speaks of a password, secret, token, key or credential); with rows any other
/// is an error. `register_backend` calls this without rows, which leaves rows registered earlier as they are.
/// `invalid_argument`: the name is no URL scheme or belongs to a backend of the library, or a row is not usable.
/// Thread-safe; configurations made before keep what they know.
WEIR_API void register_options(std::string_view backend, std::vector<OptionRow> rows = {});

/// The table as it holds for one backend, in the order of the documentation.
WEIR_API std::vector<OptionRow> option_rows(std::string_view backend);
/// The backends that `Config` knows, registered ones included.
WEIR_API std::vector<std::string> configurable_backends();

}  // namespace weir
