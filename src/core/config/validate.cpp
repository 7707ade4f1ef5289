// What must hold between the options of one configuration.

#include "core/config/state.hpp"
#include "core/config/values.hpp"

#include <weir/config.hpp>

namespace weir {

using namespace configuration;

namespace {

constexpr std::pair<std::string_view, std::string_view> at_most[] = {
    {"min_size", "max_size"},       {"min_idle", "max_size"},    {"reconnect_min", "reconnect_max"},
    {"eject_base", "eject_max"},    {"retry.base", "retry.max"}, {"retry.throttle_base", "retry.max"},
    {"breaker.base", "breaker.max"}};

class Check {
 public:
  Check(const Config& config, const Config::State& state) : config_(config), state_(state) {}

  void all() const {
    for (const auto& [low, high] : at_most)
      if (number(low) > number(high))
        bad("'" + std::string(low) + "' (" + with_default(low) + ") must not be more than '" + std::string(high) +
            "' (" + with_default(high) + ")");
    const auto& backend = config_.backend();
    if (backend == "sqlite") needs("path");
    if (backend == "s3") s3();
    if (backend == "elasticsearch") elasticsearch();
    if (backend == "elasticsearch" || backend == "postgres" || backend == "mongodb") {
      if (given("hosts") && state_.values.at("hosts").empty()) bad("'hosts' is empty");
    }
    if (state_.options->find("client_key") != nullptr && given("client_key") && !given("client_cert"))
      bad("'client_key' is given without 'client_cert'");
  }

 private:
  std::uint64_t number(std::string_view option) const {
    return effective(state_, row_of(state_, option)).get<std::uint64_t>();
  }
  bool given(std::string_view option) const {
    const auto value = state_.values.find(option);
    return value != state_.values.end() && value->second != "";
  }
  std::string with_default(std::string_view option) const {
    const bool is_default = !state_.values.contains(option);
    const auto row = row_of(state_, option);
    return std::to_string(number(option)) + (row.type == OptionType::duration ? " ms" : "") +
           (is_default ? " by default" : "");
  }
  void needs(std::string_view option) const {
    if (!given(option)) bad("'" + std::string(option) + "' is missing");
  }
  void both_or_none(std::string_view a, std::string_view b) const {
    if (given(a) != given(b))
      bad("'" + std::string(a) + "' and '" + std::string(b) + "' belong together; only one is given");
  }
  [[noreturn]] void bad(const std::string& text) const { refuse(config_.backend(), text); }

  void s3() const {
    needs("bucket");
    both_or_none("access_key_id", "secret_access_key");
    if (given("session_token") && !given("access_key_id")) bad("'session_token' is given without 'access_key_id'");
    if (!given("endpoint_url")) return;
    const auto url = config_.get<std::string>("endpoint_url");
    if (!url.starts_with("http://") && !url.starts_with("https://"))
      bad("'endpoint_url' must begin with http:// or https://");
    if (url.find('@') != std::string::npos) bad("'endpoint_url' must hold no credentials");
  }

  void elasticsearch() const {
    if (given("cloud_id") && given("hosts")) bad("'cloud_id' and 'hosts' exclude each other");
    const int ways = static_cast<int>(given("password")) + static_cast<int>(given("api_key")) +
                     static_cast<int>(given("bearer_token"));
    if (ways > 1) bad("of 'password', 'api_key' and 'bearer_token' only one can be used");
  }

  const Config& config_;
  const Config::State& state_;
};

}  // namespace

void Config::validate() const { Check(*this, *state_).all(); }

std::vector<std::string> Config::warnings() const {
  auto result = state_->warnings;
  using std::chrono::milliseconds;
  const auto timeout = get<milliseconds>("timeout");
  if (const auto acquire = get<milliseconds>("acquire_timeout"); timeout.count() > 0 && acquire > timeout)
    result.push_back("'acquire_timeout' (" + std::to_string(acquire.count()) + " ms) is longer than 'timeout' (" +
                     std::to_string(timeout.count()) + " ms), which ends the wait first");
  const auto total = get<unsigned>("total_limit");
  if (total > 0 && total < get<unsigned>("min_size"))
    result.push_back("'total_limit' (" + std::to_string(total) + ") is less than the 'min_size' of a single loop");
  // libpq counts the option of this name in seconds.
  if (const auto connect = get<milliseconds>("connect_timeout");
      has("connect_timeout") && connect.count() > 0 && connect.count() < 100)
    result.push_back("'connect_timeout' is " + std::to_string(connect.count()) +
                     " milliseconds; write 's' behind it if seconds were meant");
  return result;
}

}  // namespace weir
