#include "backends/elasticsearch/cloud_id.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace weir::elasticsearch {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  return out;
}

[[noreturn]] void refuse() {
  throw Error(errc::invalid_argument, "option cloud_id: it is name:base64 of host$deployment$kibana");
}

}  // namespace

std::string cloud_address(std::string_view cloud_id) {
  const auto colon = cloud_id.rfind(':');
  if (colon == std::string_view::npos) refuse();
  const auto decoded = from_base64(cloud_id.substr(colon + 1));
  if (!decoded) refuse();
  const std::string_view text(*decoded);
  const auto dollar = text.find('$');
  if (dollar == std::string_view::npos) refuse();
  auto host = text.substr(0, dollar);
  auto deployment = text.substr(dollar + 1);
  deployment = deployment.substr(0, deployment.find('$'));
  std::string_view port = "443";
  for (auto* const part : {&host, &deployment}) {
    const auto at = part->find(':');
    if (at == std::string_view::npos) continue;
    port = part->substr(at + 1);
    *part = part->substr(0, at);
  }
  const auto legal = [](std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
  };
  const bool digits = !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (!legal(host) || !legal(deployment) || !digits) refuse();
  return "https://" + std::string(deployment) + "." + std::string(host) + ":" + std::string(port);
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const auto count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += j <= count ? alphabet[bits >> (18 - 6 * j) & 63U] : '=';
  }
  return out;
}

}  // namespace weir::elasticsearch
