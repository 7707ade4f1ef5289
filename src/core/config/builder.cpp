#include "core/config/builder.hpp"

#include "core/config/hosts.hpp"
#include "core/config/nearest.hpp"
#include "core/config/values.hpp"

#include <weir/error.hpp>

#include <algorithm>

namespace weir::configuration {
namespace {

// A scalar as it would be written in text; lists and objects have no such form.
std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw Refusal{"expected a string or a number"};
}

std::vector<std::string> as_texts(const Json& value) {
  if (!value.is_array()) return split_list(as_text(value));
  std::vector<std::string> result;
  for (const auto& element : value) result.push_back(as_text(element));
  return result;
}

std::string base64(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](std::size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
    const unsigned bits = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    result += digits[bits >> 18U & 63U];
    result += digits[bits >> 12U & 63U];
    result += i + 1 < text.size() ? digits[bits >> 6U & 63U] : '=';
    result += i + 2 < text.size() ? digits[bits & 63U] : '=';
  }
  return result;
}

std::string shown_json(const Json& value) {
  if (value.is_string()) return shown(value.get_ref<const std::string&>());
  if (value.is_array()) {
    std::string all;
    for (const auto& element : value)
      all += (all.empty() ? "" : ",") + (element.is_string() ? element.get<std::string>() : element.dump());
    return shown(all);
  }
  if (value.is_object()) return "(an object)";
  return value.dump();
}

// Whether one may be the other, misspelt.
bool alike(std::string_view name, std::string_view known) {
  return name.size() <= 64 && damerau_levenshtein(name, known) <= known.size() / 4;
}

bool holds_secret(Conversion conversion) {
  return conversion == Conversion::user_and_password || conversion == Conversion::id_and_key ||
         conversion == Conversion::database_url;
}

// A user's name is not shown either: in a URL from which a ':' was lost, the password is a part of it.
bool may_be_shown(const Option& option) { return !option.secret && option.name != "user"; }

Json converted(const Option& option, const Given& given) {
  if (given.typed) return value_from_json(option, given.value);
  if (given.value.is_string()) return value_from_text(option, given.value.get_ref<const std::string&>());
  if (option.type == OptionType::list) return value_from_json(option, given.value);
  throw Refusal{given.value.is_null() ? "it has no value; leave the option out for its default"
                                      : "expected a single value"};
}

}  // namespace

void refuse(std::string_view backend, const std::string& text) {
  throw Error(errc::invalid_argument, text, ErrorContext{}.backend(std::string(backend)).operation("configure"));
}

std::shared_ptr<const OptionSet> backend_or_refuse(std::string_view name, std::string_view source) {
  if (auto found = find_backend(name)) return found;
  if (!presentable_name(name)) refuse("", "there is no such backend (" + std::string(source) + ")");
  refuse("", "unknown backend '" + std::string(name) + "' (" + std::string(source) + "); the nearest known one is '" +
                 nearest(name, known_backends()) + "'");
}

Builder::Builder(std::shared_ptr<const OptionSet> options) : options_(std::move(options)) {}

void Builder::add(const Given& given, Forms forms) {
  auto meaning = options_->resolve(given.name, forms);
  if (meaning.option != nullptr) return add(given, meaning);
  if (!options_->free_form() || !presentable_name(given.name)) refuse_unknown(given, forms);
  const auto option = free_form_option(given.name);
  try {
    if (given.value.is_array() || given.value.is_object() || given.value.is_null())
      throw Refusal{"expected a string or a number"};
    put(option, value_from_text(option, as_text(given.value)), given);
  } catch (const Refusal& refusal) {
    refuse_value(option, given, refusal.reason);
  }
}

void Builder::add(const Given& given, const Meaning& meaning) {
  try {
    convert(given, meaning);
  } catch (const Refusal& refusal) {
    if (lenient_) {
      warnings_.push_back("option '" + std::string(meaning.option->name) +
                          "' of the URL is ignored: " + refusal.reason);
      return;
    }
    auto hidden = *meaning.option;
    hidden.secret = hidden.secret || holds_secret(meaning.conversion);
    refuse_value(hidden, given, refusal.reason);
  }
}

void Builder::convert(const Given& given, const Meaning& meaning) {
  const auto& option = *meaning.option;
  if (given.value.is_null()) throw Refusal{"it has no value; leave the option out for its default"};
  switch (meaning.conversion) {
    case Conversion::none:
      if (option.name == "hosts") return put_hosts(option, converted(option, given), given);
      return put(option, converted(option, given), given);
    case Conversion::seconds: {
      const auto milliseconds = milliseconds_from_seconds(as_text(given.value));
      return put(option, value_from_json(option, milliseconds), given);
    }
    case Conversion::tls_mode: {
      const auto text = as_text(given.value);
      const bool on = text == "true" || text == "1" || text == "yes" || text == "on";
      const bool off = text == "false" || text == "0" || text == "no" || text == "off";
      return put(option, value_from_text(option, on ? "verify-full" : off ? "disable" : std::string_view(text)), given);
    }
    case Conversion::inverted: return put(option, !converted(option, given).get<bool>(), given);
    case Conversion::no_limit_when_zero:
      if (as_text(given.value) == "0") return put(option, option.maximum, given);
      return put(option, converted(option, given), given);
    case Conversion::host: hosts_.push_back(given); return;
    case Conversion::port: ports_.push_back(given); return;
    case Conversion::user_and_password: return put_user_and_password(given);
    case Conversion::id_and_key:
      if (!given.value.is_array()) return put(option, converted(option, given), given);
      if (given.value.size() != 2) throw Refusal{"expected a string, or a list of id and key"};
      return put(option, base64(as_text(given.value[0]) + ":" + as_text(given.value[1])), given);
    case Conversion::database_url: return add_database_url(given);
  }
}

void Builder::put(const Option& option, Json value, const Given& given) {
  const auto [entry, fresh] = entries_.try_emplace(std::string(option.name), Entry{value, given.name, given.source});
  if (fresh || entry->second.value == value) return;
  const auto one = [&](const std::string& name, const std::string& source, const Json& v) {
    return "'" + name + "'" + (may_be_shown(option) ? " = " + shown_json(v) : "") + " (" + source + ")";
  };
  refuse(options_->info().name, "option '" + std::string(option.name) + "' is given twice with different values: " +
                                    one(entry->second.name, entry->second.source, entry->second.value) + " and " +
                                    one(given.name, given.source, value));
}

void Builder::put_text(std::string_view option, const std::string& value, const Given& given) {
  const auto* row = options_->find(option);
  if (row == nullptr) throw Refusal{"this backend has no option '" + std::string(option) + "'"};
  put(*row, value_from_text(*row, value), given);
}

void Builder::put_hosts(const Option& option, const Json& list, const Given& given) {
  Json hosts = Json::array();
  for (const auto& element : list) {
    const auto& text = element.get_ref<const std::string&>();
    if ((options_->info().family & family::elasticsearch) == 0) {
      hosts.push_back(normalized_host(text, options_->info().port));
      continue;
    }
    const auto url = split_host_url(text, options_->info().port);
    hosts.push_back(url.host);
    if (url.tls) put(*options_->find("tls"), *url.tls, given);
    if (url.user) put_text("user", *url.user, given);
    if (url.password) put_text("password", *url.password, given);
    if (!url.path.empty()) put_text("path_prefix", url.path, given);
  }
  put(option, std::move(hosts), given);
}

void Builder::put_user_and_password(const Given& given) {
  std::string user, password;
  if (given.value.is_array()) {
    if (given.value.size() != 2) throw Refusal{"expected user and password"};
    user = as_text(given.value[0]);
    password = as_text(given.value[1]);
  } else {
    const auto text = as_text(given.value);
    const auto colon = text.find(':');
    if (colon == std::string::npos) throw Refusal{"expected user:password"};
    user = text.substr(0, colon);
    password = text.substr(colon + 1);
  }
  put_text("user", user, given);
  put_text("password", password, given);
}

void Builder::add_database_url(const Given& given) {
  const auto text = as_text(given.value);
  const auto colon = text.find(':');
  const auto& schemes = options_->info().schemes;
  for (const auto& scheme : schemes)
    if (text.substr(0, colon) == scheme) return add_url(text, given.source);
  // Another program's database: the variable is nobody's in particular.
}

void Builder::join_hosts() {
  if (hosts_.empty() && ports_.empty()) return;
  const auto& option = *options_->find("hosts");
  const Given* first = hosts_.empty() ? &ports_.front() : &hosts_.front();
  const auto gather = [&](const std::vector<Given>& all) {
    std::vector<std::string> texts;
    for (const auto& given : all) {
      first = &given;
      auto these = as_texts(given.value);
      if (texts.empty()) {
        texts = std::move(these);
      } else if (texts != these) {
        refuse(options_->info().name, "'" + all.front().name + "' (" + all.front().source + ") and '" + given.name +
                                          "' (" + given.source + ") give different values");
      }
    }
    return texts;
  };
  try {
    const auto ports = gather(ports_);
    auto hosts = gather(hosts_);
    if (hosts.size() == 1 && hosts.front().find("://") != std::string::npos && ports.empty())
      return put_hosts(option, Json(hosts), *first);
    if (hosts.empty()) {
      // Ports alone: of the hosts that were named elsewhere without `host`, else of this machine.
      const auto named = entries_.find("hosts");
      if (named == entries_.end()) {
        hosts = {"localhost"};
      } else {
        for (const auto& host : named->second.value) {
          const auto text = host.get<std::string>();
          hosts.push_back(text.substr(0, text.rfind(':')));
        }
      }
    }
    put(option, Json(joined_hosts(hosts, ports, options_->info().port)), *first);
  } catch (const Refusal& refusal) {
    refuse_value(option, *first, refusal.reason);
  }
}

bool Builder::has_secret() const {
  return std::any_of(entries_.begin(), entries_.end(), [this](const auto& entry) {
    const auto* option = options_->find(entry.first);
    return option == nullptr || option->secret;
  });
}

std::shared_ptr<const Config::State> Builder::finish() {
  join_hosts();
  auto state = std::make_shared<Config::State>();
  state->options = options_;
  for (auto& [name, entry] : entries_) state->values.emplace(name, std::move(entry.value));
  state->warnings = std::move(warnings_);
  return state;
}

void Builder::refuse_value(const Option& option, const Given& given, const std::string& reason) const {
  std::string text = "option '" + std::string(option.name) + "'";
  if (may_be_shown(option) && !given.value.is_null()) text += " = " + shown_json(given.value);
  text += " (" + given.source;
  if (given.name != option.name && presentable_name(given.name)) text += ", given as '" + given.name + "'";
  refuse(options_->info().name, text + "): " + reason);
}

void Builder::refuse_unknown(const Given& given, Forms forms) const {
  auto names = options_->names(forms);
  if ((forms & form::key) != 0) names.insert(names.end(), {"backend", "url", "pool", "retry", "breaker"});
  const auto known = nearest(given.name, names);
  const bool presentable = presentable_name(given.name);
  // In a URL's query a name can be a piece of a secret: what an '&' in one has cut off, or what a misplaced '=' left.
  const bool piece_of_secret =
      (forms & form::query) != 0 && !alike(given.name, known) && (has_secret() || free_form_option(given.name).secret);
  // No value: a misspelt 'pasword' has a secret, too.
  std::string text = "unknown option ";
  if (presentable && !piece_of_secret) text += "'" + given.name + "' ";
  text += "(" + given.source + ")";
  if (!presentable) {
    text += "; its name is not shown, since it is none an option could have";
  } else if (piece_of_secret) {
    text += "; its name is not shown, since it may be a piece of a secret; in one, '&' is written %26";
  } else {
    text += "; the nearest known one is '" + known + "'";
    std::string others;
    for (const auto& backend : known_backends())
      if (const auto set = find_backend(backend); set->find(given.name) != nullptr)
        others += (others.empty() ? "" : ", ") + backend;
    if (!others.empty()) text += "; '" + given.name + "' is an option of " + others;
  }
  refuse(options_->info().name, text);
}

}  // namespace weir::configuration
