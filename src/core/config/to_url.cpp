#include "core/config/state.hpp"
#include "core/config/url.hpp"
#include "core/config/values.hpp"

#include <optional>
#include <set>

namespace weir::configuration {
namespace {

constexpr std::string_view mask = "***";

bool holds_userinfo(const Option& option, const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  return option.address && text != nullptr && text->find('@') != std::string::npos;
}

class Writer {
 public:
  Writer(const Config::State& state, Secrets secrets) : state_(state), secrets_(secrets) {}

  std::string url() {
    const auto& info = state_.options->info();
    std::string head;
    switch (info.style) {
      case UrlStyle::opaque: head = opaque(info); break;
      case UrlStyle::authority: head = authority(info); break;
      case UrlStyle::bucket: head = bucket(); break;
    }
    char separator = '?';
    for (const auto& [name, value] : state_.values) {
      if (written_.contains(name)) continue;
      const auto row = row_of(state_, name);
      const auto text = visible(row, value);
      if (!text) continue;
      head += separator + percent_encode(name) + "=" +
              (*text == mask ? std::string(mask) : percent_encode(*text, "/:,;*()"));
      separator = '&';
    }
    return head;
  }

 private:
  const std::string* string_of(std::string_view option) const {
    const auto found = state_.values.find(option);
    return found == state_.values.end() ? nullptr : found->second.get_ptr<const std::string*>();
  }

  std::optional<std::string> visible(const Option& row, const Json& value) const {
    if (secrets_ == Secrets::show) return value_to_text(row, value);
    if (row.secret) return secrets_ == Secrets::mask ? std::optional<std::string>(mask) : std::nullopt;
    auto text = value_to_text(row, value);
    if (holds_userinfo(row, value)) text = without_userinfo(text, secrets_ == Secrets::mask ? mask : "");
    return text;
  }

  std::string opaque(const BackendInfo& info) {
    auto result = info.schemes.front() + ":";
    const auto* value = string_of(info.opaque_option);
    if (value == nullptr || value->empty()) return result;
    written_.insert(info.opaque_option);
    auto text = *value;
    if (secrets_ != Secrets::show && holds_userinfo(row_of(state_, info.opaque_option), *value))
      text = without_userinfo(text, secrets_ == Secrets::mask ? mask : "");
    if (info.family != family::registered && text.starts_with("//")) result += "//";
    return result + percent_encode(text, "/:@,;=[]!$&'()*+");
  }

  std::string authority(const BackendInfo& info) {
    auto result = info.schemes.front();
    if (info.family == family::elasticsearch && state_.values.contains("tls")) {
      result += state_.values.at("tls").get<bool>() ? "+https" : "+http";
      written_.insert("tls");
    }
    result += "://";
    if (const auto* user = string_of("user")) {
      written_.insert("user");
      result += percent_encode(*user);
      if (const auto* password = string_of("password")) {
        written_.insert("password");
        if (secrets_ != Secrets::leave_out)
          result += ":" + (secrets_ == Secrets::show ? percent_encode(*password) : std::string(mask));
      }
      result += "@";
    }
    if (const auto hosts = state_.values.find("hosts"); hosts != state_.values.end() && !hosts->second.empty()) {
      written_.insert("hosts");
      bool first = true;
      for (const auto& host : hosts->second) {
        if (!first) result += ',';
        first = false;
        result += percent_encode(host.get_ref<const std::string&>(), "[]:");
      }
    }
    if (const auto* path = string_of(info.path_option);
        path != nullptr && !path->empty() && path->find('/') == std::string::npos) {
      written_.insert(info.path_option);
      result += "/" + percent_encode(*path);
    }
    return result;
  }

  std::string bucket() {
    std::string result = "s3://";
    if (const auto* name = string_of("bucket"); name != nullptr && !name->empty()) {
      written_.insert("bucket");
      result += percent_encode(*name);
    }
    if (const auto* prefix = string_of("prefix"); prefix != nullptr && !prefix->empty()) {
      written_.insert("prefix");
      result += "/" + percent_encode(*prefix, "/");
    }
    return result;
  }

  const Config::State& state_;
  Secrets secrets_;
  std::set<std::string, std::less<>> written_;
};

}  // namespace

std::string write_url(const Config::State& state, Secrets secrets) { return Writer(state, secrets).url(); }

Json write_json(const Config::State& state, Secrets secrets) {
  Json result = {{"backend", state.options->info().name}};
  for (const auto& [name, value] : state.values) {
    const auto row = row_of(state, name);
    if (row.secret && secrets == Secrets::leave_out) continue;
    const bool cut = secrets == Secrets::leave_out && holds_userinfo(row, value);
    result[name] = cut ? Json(without_userinfo(value.get<std::string>(), "")) : value;
  }
  return result;
}

}  // namespace weir::configuration
