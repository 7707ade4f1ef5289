#include "backends/s3/objects.hpp"

#include "backends/s3/crc32c.hpp"
#include "core/utf8.hpp"
#include "core/uuid.hpp"

#include <charconv>

namespace weir::s3::detail {
namespace {

constexpr std::string_view metadata_field = "x-amz-meta-";
constexpr std::string_view token_field = "x-amz-meta-weir-put";

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start) noexcept {
  if (text.size() < start.size()) return false;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != start[i]) return false;
  }
  return true;
}

std::string text_of(const http::Headers& headers, std::string_view name) {
  return std::string(headers.find(name).value_or(std::string_view()));
}

}  // namespace

void check_key(std::string_view key) {
  if (key.empty() || key.size() > 1024) throw Error(errc::invalid_argument, "a key has 1 to 1,024 bytes");
  if (core::check_text(key) == core::TextFault::invalid_utf8) throw Error(errc::invalid_argument, "a key is UTF-8");
}

std::string quoted_etag(std::string_view etag) {
  for (const char c : etag)
    if (c == '"' || static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E)
      throw Error(errc::invalid_argument, "that is no ETag that a store gave");
  return "\"" + std::string(etag) + "\"";
}

std::optional<std::uint64_t> total_of(const http::Response& response) {
  const auto range = response.headers.find("Content-Range");
  if (!range) return std::nullopt;
  const auto slash = range->rfind('/');
  return slash == std::string_view::npos ? std::nullopt : number(range->substr(slash + 1));
}

std::optional<std::uint64_t> length_of(const http::Response& response) {
  const auto length = response.headers.find("Content-Length");
  return length ? number(*length) : std::nullopt;
}

ObjectInfo info_of(const http::Response& response, std::string key) {
  const auto& headers = response.headers;
  ObjectInfo out;
  out.key = std::move(key);
  out.etag = without_quotes(headers.find("ETag").value_or(std::string_view()));
  if (const auto total = total_of(response))
    out.size = *total;
  else
    out.size = length_of(response).value_or(0);
  if (const auto modified = headers.find("Last-Modified")) out.last_modified = parse_http_time(*modified);
  out.content_type = text_of(headers, "Content-Type");
  out.storage_class = text_of(headers, "x-amz-storage-class");
  out.version_id = text_of(headers, "x-amz-version-id");
  out.checksum = text_of(headers, "x-amz-checksum-crc32c");
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const auto field = headers[i];
    if (!starts_with_ignoring_case(field.name, metadata_field)) continue;
    std::string name(field.name.substr(metadata_field.size()));
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out.metadata.insert_or_assign(std::move(name), std::string(field.value));
  }
  return out;
}

std::string range_text(std::uint64_t begin, std::uint64_t size) {
  return "bytes=" + std::to_string(begin) + "-" + std::to_string(begin + size - 1);
}

std::string range_from(std::uint64_t begin) { return "bytes=" + std::to_string(begin) + "-"; }

void check_part(const http::Response& response, std::uint64_t begin) {
  if (response.status != 206)
    throw Error(errc::protocol_error, "the store gave the whole object where a part was asked for");
  const auto range = response.headers.find("Content-Range");
  if (!range || !range->starts_with("bytes " + std::to_string(begin) + "-"))
    throw Error(errc::protocol_error, "the store gave another part of the object than was asked for");
}

std::string whole_checksum(const http::Response& response) {
  if (response.status != 200) return {};
  auto text = text_of(response.headers, "x-amz-checksum-crc32c");
  if (text.find('-') != std::string::npos) text.clear();
  return text;
}

Error checksum_error() {
  return Error(errc::corrupt_data, "the object's bytes do not have the checksum that the store keeps for them", {},
               true);
}

void add_checksum(http::Headers& headers, std::string_view body) {
  headers.add("x-amz-checksum-crc32c", crc32c_text(crc32c(body)));
}

std::string write_token(const PutOptions& options) {
  return options.only_if_absent() || options.if_match() ? core::new_id() : std::string();
}

void add_put_fields(http::Headers& headers, const PutOptions& options, const std::string& token) {
  for (std::size_t i = 0; i < options.headers().size(); ++i)
    headers.add(options.headers()[i].name, options.headers()[i].value);
  if (!options.content_type().empty()) headers.add("Content-Type", options.content_type());
  std::size_t size = 0;
  for (const auto& [name, value] : options.metadata()) {
    size += name.size() + value.size();
    for (const char c : value)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E)
        throw Error(errc::invalid_argument, "metadata " + name + ": only printable ASCII");
    headers.add(std::string(metadata_field) + name, value);
  }
  if (size > 2048) throw Error(errc::too_large, "metadata has at most 2 KiB");
  if (!options.tags().empty()) {
    Parameters tags;
    for (const auto& tag : options.tags()) tags.emplace_back(tag.key, tag.value);
    headers.add("x-amz-tagging", query_text(tags));
  }
  if (!options.storage_class().empty()) headers.add("x-amz-storage-class", options.storage_class());
  if (!token.empty()) headers.add(token_field, token);
}

awaitable<std::optional<ObjectInfo>> written_by_us(SessionPointer session, std::string key, std::string token,
                                                   std::optional<std::chrono::steady_clock::time_point> deadline) {
  GetOptions options;
  options.deadline(deadline);
  auto info = co_await head_object(session, key, std::move(options));
  if (!info) co_return std::nullopt;
  const auto found = info->metadata.find("weir-put");
  if (found == info->metadata.end() || found->second != token) co_return std::nullopt;
  co_return info;
}

void throw_precondition(const Session& session, const PutOptions& options, std::string_view operation) {
  ErrorContext context;
  context.backend("s3").operation(std::string(operation)).endpoint(session.endpoint_text());
  context.server_code("PreconditionFailed");
  if (options.only_if_absent()) throw Error(errc::already_exists, "there is an object of that key", context);
  throw Error(errc::conflict, "the object has another ETag", context);
}

}  // namespace weir::s3::detail
