// A configuration file from the disk.

#include "core/config/tree.hpp"
#include "core/config/values.hpp"

#include <weir/config.hpp>
#include <weir/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace weir {
namespace {

constexpr std::size_t largest_file = 1U << 20U;

[[noreturn]] void refuse_file(errc code, const std::string& file, const std::string& reason) {
  throw Error(code, "file " + configuration::shown(file) + ": " + reason, ErrorContext{}.operation("configure"));
}

std::string read_file(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    const int cause = errno;
    const auto code = cause == ENOENT || cause == ENOTDIR ? errc::not_found
                      : cause == EACCES || cause == EPERM ? errc::permission_denied
                                                          : errc::invalid_argument;
    refuse_file(code, file, std::strerror(cause));
  }
  std::string content;
  std::array<char, 16'384> block{};
  while (in.read(block.data(), block.size()) || in.gcount() > 0) {
    content.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (content.size() > largest_file) refuse_file(errc::invalid_argument, file, "it is larger than 1 MiB");
  }
  if (in.bad()) refuse_file(errc::invalid_argument, file, "it cannot be read");  // a directory, for one
  return content;
}

}  // namespace

Config Config::load(std::string_view file, std::string_view name) {
  const std::string path(file);
  const auto dot = path.rfind('.');
  const auto extension = dot == std::string::npos ? std::string{} : path.substr(dot);
  const bool yaml = extension == ".yaml" || extension == ".yml";
  if (!yaml && extension != ".json")
    refuse_file(errc::invalid_argument, path, "its name must end in .yaml, .yml or .json");
  const auto text = read_file(path);
  return Config(yaml ? configuration::read_yaml(text, path, name) : configuration::read_json_text(text, path, name));
}

}  // namespace weir
