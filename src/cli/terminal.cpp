#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace weir::cli {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

std::size_t columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const long given = std::strtol(std::string(environment("COLUMNS")).c_str(), nullptr, 10);
  return given > 0 ? static_cast<std::size_t>(given) : 80;
}

}  // namespace

Terminal Terminal::of(int descriptor) {
  if (isatty(descriptor) == 0) return {};
  constexpr std::size_t narrowest = 20;
  // https://no-color.org: present and not empty.
  const bool colour = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  return {std::max(columns(descriptor), narrowest), colour};
}

}  // namespace weir::cli
