#include "backends/s3/signer.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace weir::s3 {
namespace {

Sha256Bytes day_key(std::string_view secret, std::string_view day, std::string_view region, std::string_view service) {
  auto key = HmacKey("AWS4" + std::string(secret)).sign(day);
  key = HmacKey(as_text(key)).sign(region);
  key = HmacKey(as_text(key)).sign(service);
  return HmacKey(as_text(key)).sign("aws4_request");
}

// Small pieces are hashed together: each update by itself costs more than the copy.
class Gathered {
 public:
  explicit Gathered(Sha256& hash) noexcept : hash_(hash) {}
  void put(std::string_view piece) noexcept {
    if (piece.size() > room_.size() - size_) flush();
    if (piece.size() > room_.size()) {
      hash_.update(piece);
      return;
    }
    if (!piece.empty()) std::memcpy(room_.data() + size_, piece.data(), piece.size());
    size_ += piece.size();
  }
  void flush() noexcept {
    if (size_ != 0) hash_.update({room_.data(), size_});
    size_ = 0;
  }

 private:
  Sha256& hash_;
  std::size_t size_ = 0;
  std::array<char, 1024> room_;
};

// Gives the pieces of the canonical request to `put`. Runs of spaces inside a value count as one.
template <class Put>
void canonical(const Signable& what, Put&& put) {
  put(what.method);
  put("\n");
  put(what.path);
  put("\n");
  put(what.query);
  put("\n");
  for (const auto& field : what.fields) {
    put(field.name);
    put(":");
    auto rest = field.value;
    for (auto gap = rest.find("  "); gap != std::string_view::npos; gap = rest.find("  ")) {
      put(rest.substr(0, gap + 1));
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', gap), rest.size()));
    }
    put(rest);
    put("\n");
  }
  put("\n");
  for (std::size_t i = 0; i < what.fields.size(); ++i) {
    if (i > 0) put(";");
    put(what.fields[i].name);
  }
  put("\n");
  put(what.payload);
}

}  // namespace

SigningKey::SigningKey(std::string_view secret, std::string_view day, std::string_view region, std::string_view service)
    : key_(as_text(day_key(secret, day, region, service))) {
  scope_.append(day).append("/").append(region).append("/").append(service).append("/aws4_request");
}

std::string SigningKey::sign(const Signable& what, std::string_view time) const {
  Sha256 hash;
  Gathered gathered(hash);
  canonical(what, [&gathered](std::string_view piece) { gathered.put(piece); });
  gathered.flush();
  std::string text;
  text.reserve(160);
  text.append("AWS4-HMAC-SHA256\n").append(time).append("\n").append(scope_).append("\n");
  append_hex(text, hash.finish());
  const auto signature = key_.sign(text);
  text.clear();
  append_hex(text, signature);
  return text;
}

std::string canonical_request(const Signable& what) {
  std::string out;
  canonical(what, [&out](std::string_view piece) { out += piece; });
  return out;
}

std::string authorization(const SigningKey& key, std::string_view access_key, const Signable& what,
                          std::string_view time) {
  std::string out;
  out.reserve(320);
  out.append("AWS4-HMAC-SHA256 Credential=").append(access_key).append("/").append(key.scope());
  out += ",SignedHeaders=";
  for (std::size_t i = 0; i < what.fields.size(); ++i) {
    if (i > 0) out += ';';
    out += what.fields[i].name;
  }
  out += ",Signature=";
  out += key.sign(what, time);
  return out;
}

std::string presigned_query(const SigningKey& key, std::string_view access_key, std::string_view session_token,
                            std::string_view method, std::string_view path, Parameters parameters,
                            std::span<const SignedField> fields, std::string_view time,
                            std::chrono::seconds valid_for) {
  std::string names;
  for (const auto& field : fields) names.append(names.empty() ? "" : ";").append(field.name);
  parameters.emplace_back("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  parameters.emplace_back("X-Amz-Credential", std::string(access_key) + "/" + key.scope());
  parameters.emplace_back("X-Amz-Date", std::string(time));
  parameters.emplace_back("X-Amz-Expires", std::to_string(valid_for.count()));
  parameters.emplace_back("X-Amz-SignedHeaders", names);
  if (!session_token.empty()) parameters.emplace_back("X-Amz-Security-Token", std::string(session_token));
  auto query = query_text(parameters);
  const Signable what{method, path, query, fields, unsigned_payload};
  const auto signature = key.sign(what, time);
  return query.append("&X-Amz-Signature=").append(signature);
}

std::shared_ptr<const SigningKey> SigningKeys::get(std::string_view secret, std::string_view day,
                                                   std::string_view region, std::string_view service) {
  const std::lock_guard lock(mutex_);
  if (!key_ || day != day_ || secret != secret_ || region != region_ || service != service_) {
    key_ = std::make_shared<const SigningKey>(secret, day, region, service);
    secret_ = secret;
    day_ = day;
    region_ = region;
    service_ = service;
  }
  return key_;
}

}  // namespace weir::s3
