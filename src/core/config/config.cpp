#include "core/config/builder.hpp"
#include "core/config/state.hpp"
#include "core/config/tree.hpp"
#include "core/config/values.hpp"

#include <weir/config.hpp>
#include <weir/error.hpp>

#include <ostream>

namespace weir {

using namespace configuration;

namespace configuration {

Option row_of(const Config::State& state, std::string_view option) {
  if (const auto* row = state.options->find(option)) return *row;
  if (const auto given = state.values.find(option); given != state.values.end()) return free_form_option(given->first);
  if (state.options->free_form() && presentable_name(option)) return free_form_option(option);
  refuse(state.options->info().name, "there is no option " + shown(option));
}

Json effective(const Config::State& state, const Option& option) {
  if (const auto given = state.values.find(option.name); given != state.values.end()) return given->second;
  const auto fallback = option.fallback_for(state.options->info().family);
  if (fallback.starts_with('=')) return effective(state, row_of(state, fallback.substr(1)));
  // Who names the authorities to trust wants them to be asked.
  if (option.name == "sslmode")
    if (const auto trusted = state.values.find("ca_certs"); trusted != state.values.end() && trusted->second != "")
      return "verify-full";
  if (!fallback.empty()) return value_from_text(option, fallback);
  if (option.type == OptionType::text || option.type == OptionType::choice) return "";
  if (option.type == OptionType::list) return Json::array();
  return nullptr;
}

namespace {

template <class T>
constexpr OptionType type_for = OptionType::text;
template <>
constexpr OptionType type_for<bool> = OptionType::boolean;
template <>
constexpr OptionType type_for<unsigned> = OptionType::uint;
template <>
constexpr OptionType type_for<std::uint64_t> = OptionType::uint;
template <>
constexpr OptionType type_for<std::int64_t> = OptionType::integer;
template <>
constexpr OptionType type_for<std::chrono::milliseconds> = OptionType::duration;
template <>
constexpr OptionType type_for<std::vector<std::string>> = OptionType::list;

template <class T>
bool fits(OptionType type) {
  if (type == type_for<T>) return true;
  if (std::is_same_v<T, std::string>) return type == OptionType::choice;
  if (std::is_same_v<T, std::uint64_t>) return type == OptionType::size;
  if (std::is_same_v<T, std::int64_t>) return type == OptionType::uint || type == OptionType::size;
  return false;
}

template <class T>
T value_as(const Json& value) {
  if (value.is_null()) return T{};
  if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
    return T(value.get<std::int64_t>());
  } else {
    if constexpr (std::is_same_v<T, unsigned>)
      if (value.get<std::uint64_t>() > std::numeric_limits<unsigned>::max())
        throw Refusal{"it is too large for unsigned"};
    return value.get<T>();
  }
}

}  // namespace
}  // namespace configuration

Config::Config() : Config(std::make_shared<const State>(State{find_backend("memory"), {}, {}})) {}
Config::Config(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Config Config::from_url(std::string_view url) { return Config(read_url(url)); }
Config Config::from_json(const Json& config) { return Config(read_json("", config, "JSON")); }
Config Config::from_json(std::string_view backend, const Json& options) {
  if (backend.empty()) refuse("", "the name of the backend is empty");
  return Config(read_json(backend, options, "JSON"));
}

const std::string& Config::backend() const noexcept { return state_->options->info().name; }

bool Config::has(std::string_view option) const {
  const auto row = row_of(*state_, option);
  return state_->values.contains(row.name);
}

template <OptionValue T>
T Config::get(std::string_view option) const {
  auto row = row_of(*state_, option);
  const bool described = state_->options->find(option) != nullptr;
  try {
    auto value = effective(*state_, row);
    if (!described && type_for<T> != OptionType::text) {  // a free-form option is read as what the backend takes it for
      row.type = type_for<T>;
      value = state_->values.contains(option) ? value_from_text(row, value.get<std::string>()) : Json();
    } else if (!fits<T>(row.type)) {
      throw Refusal{"it was asked for as another type than it has"};
    }
    return value_as<T>(value);
  } catch (const Refusal& refusal) {
    refuse(backend(), "option '" + std::string(option) + "': " + refusal.reason);
  }
}

template bool Config::get<bool>(std::string_view) const;
template unsigned Config::get<unsigned>(std::string_view) const;
template std::uint64_t Config::get<std::uint64_t>(std::string_view) const;
template std::int64_t Config::get<std::int64_t>(std::string_view) const;
template std::chrono::milliseconds Config::get<std::chrono::milliseconds>(std::string_view) const;
template std::string Config::get<std::string>(std::string_view) const;
template std::vector<std::string> Config::get<std::vector<std::string>>(std::string_view) const;

Config& Config::set(std::string_view option, Json value) & {
  Builder builder(state_->options);
  if (builder.options().resolve(option, form::key).conversion == Conversion::port)
    refuse(backend(), "a port cannot be set alone; set 'hosts'");
  builder.add({std::string(option), std::move(value), true, "set"}, form::key);
  const auto given = builder.finish();
  auto changed = std::make_shared<State>(*state_);
  for (const auto& [name, canonical] : given->values) changed->values.insert_or_assign(name, canonical);
  state_ = std::move(changed);
  return *this;
}
Config&& Config::set(std::string_view option, Json value) && { return std::move(set(option, std::move(value))); }

std::string Config::to_url() const { return write_url(*state_, Secrets::leave_out); }
std::string Config::to_url(WithSecrets) const { return write_url(*state_, Secrets::show); }
Json Config::to_json() const { return write_json(*state_, Secrets::leave_out); }
Json Config::to_json(WithSecrets) const { return write_json(*state_, Secrets::show); }
std::string Config::to_string() const { return write_url(*state_, Secrets::mask); }

bool operator==(const Config& a, const Config& b) {
  return a.state_ == b.state_ || (a.backend() == b.backend() && a.state_->values == b.state_->values);
}
std::ostream& operator<<(std::ostream& out, const Config& config) { return out << config.to_string(); }

}  // namespace weir
