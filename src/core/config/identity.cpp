// The identity of a pool: all that shapes a connection or the pool, with defaults filled in, so that it makes no
// difference whether a default was written out. Secrets and the contents of files are HMACs under a key of this
// process: equal when they are equal, and of no use to anybody who reads them.

#include "core/config/keyed_digest.hpp"
#include "core/config/state.hpp"
#include "core/config/values.hpp"

#include <weir/config.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace weir {

using namespace configuration;

namespace {

constexpr std::size_t largest_secret = 16U << 20U;

std::string content_of(const std::string& backend, const Option& option, const std::string& file) {
  const auto refused = [&](const std::string& reason) {
    refuse(backend, "option '" + std::string(option.name) + "': file " + shown(file) + " cannot be read: " + reason);
  };
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) refused(std::strerror(errno));
  std::string content;
  std::array<char, 8192> block{};
  while (in.read(block.data(), block.size()) || in.gcount() > 0) {
    content.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (content.size() > largest_secret) refused("it is larger than 16 MiB");
  }
  if (in.bad()) refused(std::strerror(errno));
  return content;
}

Json identifying(const std::string& backend, const Option& option, const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr || text->empty()) return value;
  // libpq's sslrootcert=system names no file.
  if (option.file && *text != "system") return keyed_digest(option.name, content_of(backend, option, *text));
  if (option.secret || (option.address && text->find('@') != std::string::npos))
    return keyed_digest(option.name, *text);
  return value;
}

}  // namespace

std::string Config::identity() const {
  Json all = Json::object();
  const auto add = [&](const Option& option) {
    if (option.scope == OptionScope::pool)
      all[std::string(option.name)] = identifying(backend(), option, effective(*state_, option));
  };
  for (const auto* row : state_->options->rows()) add(*row);
  for (const auto& [name, value] : state_->values)
    if (state_->options->find(name) == nullptr) add(free_form_option(name));
  return backend() + all.dump();
}

}  // namespace weir
