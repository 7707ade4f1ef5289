#include "net/request_head.hpp"

#include "net/tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::http {
namespace {

constexpr std::array<std::string_view, 4> safe_methods{"GET", "HEAD", "OPTIONS", "TRACE"};
constexpr std::array<std::string_view, 6> our_fields{"Content-Length", "Transfer-Encoding",   "Connection",
                                                     "Expect",         "Proxy-Authorization", "Upgrade"};

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// The defaults that the request does not set itself.
void append_defaults(std::string& out, const Headers& defaults, const Headers& own) {
  if (own.empty()) {
    out += defaults.wire();
    return;
  }
  for (std::size_t i = 0; i < defaults.size(); ++i) {
    const auto field = defaults[i];
    if (own.contains(field.name)) continue;
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
}

}  // namespace

bool is_safe_method(std::string_view method) noexcept {
  return std::ranges::find(safe_methods, method) != safe_methods.end();
}

bool is_idempotent_method(std::string_view method) noexcept {
  return is_safe_method(method) || method == "PUT" || method == "DELETE";
}

void check_fields(const Headers& headers) {
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto given = headers[i].name;
    for (const auto name : our_fields)
      if (same_name(given, name))
        throw Error(errc::invalid_argument, "the header field " + std::string(name) + " is set by the client itself");
  }
}

void check_request(const Request& request) {
  if (!is_token(request.method()))
    throw Error(errc::invalid_argument, "the method of a request is no token (RFC 9110 §9.1)");
  if (request.method() == "CONNECT")
    throw Error(errc::invalid_argument, "CONNECT is for proxies; see ClientOptions::proxy");
  const auto& target = request.target();
  if (!is_target(target) || (target.front() != '/' && target != "*"))
    throw Error(errc::invalid_argument,
                "the target of a request begins with / and holds no spaces or control characters; encode them");
  check_fields(request.headers());
  const int bodies = (request.body().empty() ? 0 : 1) + (request.body_view().empty() ? 0 : 1) +
                     (request.body_source() == nullptr ? 0 : 1);
  if (bodies > 1) throw Error(errc::invalid_argument, "a request has one of body, body_view and body_source");
}

void write_head(std::string& out, const HeadDefaults& defaults, const Request& request, const BodyFacts& body) {
  out.append(request.method()).append(" ").append(defaults.target_prefix);
  // "OPTIONS *" to a proxy is the bare authority, RFC 9112 §3.2.4.
  if (defaults.target_prefix.empty() || request.target() != "*") out += request.target();
  out.append(" HTTP/1.1\r\n");
  if (!request.headers().contains("Host") && !defaults.headers.contains("Host"))
    out.append("Host: ").append(defaults.host).append("\r\n");
  append_defaults(out, defaults.headers, request.headers());
  out += request.headers().wire();
  if (!defaults.proxy_authorization.empty())
    out.append("Proxy-Authorization: ").append(defaults.proxy_authorization).append("\r\n");
  if (body.gzip) out += "Content-Encoding: gzip\r\n";
  if (body.present && !body.size) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (body.present || request.method() == "POST" || request.method() == "PUT" || request.method() == "PATCH") {
    out += "Content-Length: ";
    append_number(out, body.size.value_or(0));
    out += "\r\n";
  }
  if (body.expects) out += "Expect: 100-continue\r\n";
  out += "\r\n";
}

std::string basic_authorization(std::string_view user, std::string_view password) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto plain = std::string(user) + ":" + std::string(password);
  std::string out = "Basic ";
  std::size_t i = 0;
  for (; i < plain.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < plain.size() ? static_cast<unsigned char>(plain[at]) : 0U;
    };
    const unsigned word = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out += alphabet[word >> 18U & 63U];
    out += alphabet[word >> 12U & 63U];
    out += i + 1 < plain.size() ? alphabet[word >> 6U & 63U] : '=';
    out += i + 2 < plain.size() ? alphabet[word & 63U] : '=';
  }
  return out;
}

}  // namespace weir::http
