#include "net/head_scan.hpp"

#include "net/headers_access.hpp"
#include "net/tokens.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

namespace weir::http {
namespace {

// Digits, once. False: for the parser.
bool take_length(std::string_view value, ScannedHead& out) noexcept {
  if (out.length || value.empty() || value.size() > 18) return false;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  out.length = length;
  return error == std::errc{} && end == value.data() + value.size();
}

// Fields that decide where the body ends or what becomes of the connection. False: for the parser.
bool look_at(std::string_view name, std::string_view value, ScannedHead& out) noexcept {
  switch (name.size()) {
    case 7: return !same_name(name, "Upgrade");
    case 10:
      if (!same_name(name, "Connection") || same_name(value, "keep-alive")) return true;
      out.keep_alive = false;
      return same_name(value, "close");
    case 14: return !same_name(name, "Content-Length") || take_length(value, out);
    case 16: return !same_name(name, "Content-Encoding") && !same_name(name, "Proxy-Connection");
    case 17: return !same_name(name, "Transfer-Encoding");
    default: return true;
  }
}

// "HTTP/1.1 200 OK\r\n"; how long it is, 0: for the parser.
std::size_t status_line(std::string_view bytes, int& status) noexcept {
  constexpr std::string_view begin = "HTTP/1.1 ";
  if (bytes.size() < 15 || std::memcmp(bytes.data(), begin.data(), begin.size()) != 0 || bytes[12] != ' ') return 0;
  status = 0;
  for (std::size_t i = 9; i < 12; ++i) {
    if (bytes[i] < '0' || bytes[i] > '9') return 0;
    status = status * 10 + (bytes[i] - '0');
  }
  if (status < 200) return 0;
  std::size_t at = 13;
  while (at < bytes.size() && bytes[at] >= ' ' && bytes[at] != '\x7f') ++at;
  return bytes.size() - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n' ? at + 2 : 0;
}

}  // namespace

std::optional<ScannedHead> scan_head(std::string_view bytes, std::size_t most, bool head_request, Headers& headers) {
  ScannedHead out;
  const auto begin = status_line(bytes, out.status);
  if (begin == 0) return std::nullopt;
  using Access = detail::HeadersAccess;
  bool connection = false;
  Access::Places places;  // not filled first: each is written before it is read
  std::size_t count = 0;
  const char* const base = bytes.data() + begin;
  const char* const end = bytes.data() + bytes.size();
  const char* at = base;
  for (;;) {
    if (end - at < 2) return std::nullopt;
    if (*at == '\r') {
      if (at[1] != '\n') return std::nullopt;
      break;
    }
    if (count == places.size()) return std::nullopt;
    const char* const name = at;
    at = kinds::run_end(at, end, kinds::of_token);
    // "Name: value", so that the lines can be taken over as they stand.
    if (at == name || end - at < 3 || at[0] != ':' || at[1] != ' ' || at[2] == ' ' || at[2] == '\t')
      return std::nullopt;
    const char* const name_end = at;
    const char* const value = at + 2;
    at = value_end(value, end);
    if (end - at < 2 || at[0] != '\r' || at[1] != '\n' || at[-1] == '\t' || (at != value && at[-1] == ' '))
      return std::nullopt;
    const std::string_view name_text(name, static_cast<std::size_t>(name_end - name));
    const std::string_view value_text(value, static_cast<std::size_t>(at - value));
    if (name_text.size() == 10 && same_name(name_text, "Connection") && std::exchange(connection, true))
      return std::nullopt;
    if (!look_at(name_text, value_text, out)) return std::nullopt;
    const auto offset = [&](const char* place) { return static_cast<std::uint32_t>(place - base); };
    places[count++] = {offset(name), static_cast<std::uint32_t>(name_text.size()), offset(value),
                       static_cast<std::uint32_t>(value_text.size())};
    at += 2;
  }
  out.size = static_cast<std::size_t>(at + 2 - bytes.data());
  const bool without_body = head_request || out.status == 204 || out.status == 304;
  if (out.size > most || (!without_body && !out.length)) return std::nullopt;
  Access::assign(headers, {base, static_cast<std::size_t>(at - base)}, {places.data(), count});
  return out;
}

}  // namespace weir::http
