#include "api/copy_checkpoint.hpp"

#include "core/json_text.hpp"

#include <openssl/evp.h>

#include <array>

namespace weir::detail {
namespace {

constexpr int format_version = 1;
constexpr const char* format_key = "weir_copy_checkpoint";

std::string sha256(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error(errc::server_error, "SHA-256 is not available", ErrorContext{}.operation("copy"));
  std::string out;
  for (unsigned i = 0; i < length; ++i) {
    out += digits[digest[i] >> 4U];
    out += digits[digest[i] & 15U];
  }
  return out;
}

/// Where the records are: what names a place, and nothing that only tunes the way there, so that a copy can go on with
/// another timeout or pool size. Secrets are not in to_json().
std::string place(const Config& config) {
  const auto given = config.to_json();
  Json out = Json::object();
  out["backend"] = config.backend();
  for (const auto& row : option_rows(config.backend())) {
    const bool names = row.type() == OptionType::text || row.type() == OptionType::list || row.name() == "port";
    if (names && !row.secret() && given.contains(row.name())) out[row.name()] = given.at(row.name());
  }
  return core::dump_json(out);
}

Json to_json(const CopyPosition& position) {
  Json out = Json::object();
  if (position.last) out["last"] = *position.last;
  out["done"] = position.done;
  out["read"] = position.counts.read;
  out["written"] = position.counts.written;
  out["skipped"] = position.counts.skipped;
  out["rejected"] = position.counts.rejected;
  return out;
}

CopyPosition to_position(const Json& json) {
  CopyPosition out;
  if (json.contains("last")) out.last = json.at("last").get<std::string>();
  out.done = json.at("done").get<bool>();
  out.counts.read = json.at("read").get<std::uint64_t>();
  out.counts.written = json.at("written").get<std::uint64_t>();
  out.counts.skipped = json.at("skipped").get<std::uint64_t>();
  out.counts.rejected = json.at("rejected").get<std::uint64_t>();
  return out;
}

}  // namespace

CopyIdentity::CopyIdentity(const Config& source_config, const Query& copied, const Config& target_config,
                           std::size_t count)
    : source(sha256(place(source_config))),
      query(sha256(core::dump_json(copied.to_json()))),
      target(sha256(place(target_config))),
      partitions(count) {}

std::string CopyIdentity::difference(const CopyIdentity& other) const {
  std::string out;
  const auto compare = [&out](bool same, const char* what) {
    if (same) return;
    if (!out.empty()) out += ", ";
    out += what;
  };
  compare(source == other.source, "source");
  compare(query == other.query, "query");
  compare(target == other.target, "target");
  compare(partitions == other.partitions, "partitions");
  return out;
}

CopyStats CopyCheckpoint::stats() const {
  CopyStats sum;
  for (const auto& position : positions) {
    sum.read += position.counts.read;
    sum.written += position.counts.written;
    sum.skipped += position.counts.skipped;
    sum.rejected += position.counts.rejected;
  }
  return sum;
}

std::string CopyCheckpoint::to_text() const {
  Json out = Json::object();
  out[format_key] = format_version;
  out["source"] = identity.source;
  out["query"] = identity.query;
  out["target"] = identity.target;
  if (total) out["total"] = *total;
  out["partitions"] = Json::array();
  for (const auto& position : positions) out["partitions"].push_back(to_json(position));
  if (!rejected.empty()) out["rejected"] = rejected;
  return core::dump_json(out) + "\n";
}

CopyCheckpoint CopyCheckpoint::from_text(std::string_view text, std::string_view name) {
  const auto where = ErrorContext{}.operation("copy").endpoint(std::string(name));
  try {
    const auto json = core::parse_json(text);
    if (!json.is_object() || !json.contains(format_key))
      throw Error(errc::corrupt_data, "the file is no checkpoint of a copy", where);
    if (json.at(format_key) != format_version)
      throw Error(errc::unsupported, "the checkpoint was written by another version of weir", where);
    CopyCheckpoint out;
    out.identity.source = json.at("source").get<std::string>();
    out.identity.query = json.at("query").get<std::string>();
    out.identity.target = json.at("target").get<std::string>();
    if (json.contains("total")) out.total = json.at("total").get<std::uint64_t>();
    for (const auto& position : json.at("partitions")) out.positions.push_back(to_position(position));
    out.identity.partitions = out.positions.size();
    if (json.contains("rejected")) out.rejected = json.at("rejected").get<std::vector<std::string>>();
    return out;
  } catch (const Json::exception&) {
    throw Error(errc::corrupt_data, "the checkpoint is damaged: an entry is missing or of another type", where);
  } catch (const Error& error) {
    if (error.kind() != errc::invalid_argument) throw;
    throw Error(errc::corrupt_data, "the checkpoint is damaged: " + std::string(error.message()), where);
  }
}

}  // namespace weir::detail
