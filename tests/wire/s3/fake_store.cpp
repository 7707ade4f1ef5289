#include "wire/s3/fake_store.hpp"

#include "backends/s3/crc32c.hpp"
#include "backends/s3/timestamp.hpp"
#include "backends/s3/uri.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace weir::test {
namespace {

using Query = std::map<std::string, std::string>;

std::string error_text(const std::string& code, const std::string& more = {}) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>as the test says</Message>" + more +
         "</Error>";
}

std::string http_date(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

Query query_of(const std::string& target) {
  Query out;
  const auto mark = target.find('?');
  if (mark == std::string::npos) return out;
  for (auto at = mark + 1; at <= target.size();) {
    const auto end = std::min(target.find('&', at), target.size());
    const auto pair = target.substr(at, end - at);
    const auto equals = pair.find('=');
    out[s3::decoded(pair.substr(0, equals))] = equals == std::string::npos ? "" : s3::decoded(pair.substr(equals + 1));
    at = end + 1;
  }
  return out;
}

std::string xml_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

// Fields that come back with the object.
std::string kept_fields(const Received& request) {
  std::string out;
  for (auto at = request.head.find("\r\n"); at != std::string::npos && at + 4 < request.head.size();
       at = request.head.find("\r\n", at + 2)) {
    const auto line = request.head.substr(at + 2, request.head.find("\r\n", at + 2) - at - 2);
    if (line.starts_with("x-amz-meta-") || line.starts_with("Content-Type:")) out += line + "\r\n";
  }
  return out;
}

std::string between(const std::string& text, const std::string& open, const std::string& close, std::size_t& at) {
  const auto begin = text.find(open, at);
  if (begin == std::string::npos) {
    at = std::string::npos;
    return {};
  }
  const auto end = text.find(close, begin);
  at = end + close.size();
  return text.substr(begin + open.size(), end - begin - open.size());
}

std::string unescaped(std::string text) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}})
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  return text;
}

}  // namespace

FakeStore::FakeStore(std::string bucket) : bucket_(std::move(bucket)), server_([this](Peer& peer) { serve(peer); }) {}

void FakeStore::choose(Choose choose) {
  const std::lock_guard lock(mutex_);
  choose_ = std::move(choose);
}
void FakeStore::before(Before before) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(before);
}
void FakeStore::clock_offset(std::chrono::seconds offset) {
  const std::lock_guard lock(mutex_);
  offset_ = offset;
}
void FakeStore::region(std::string region, bool told) {
  const std::lock_guard lock(mutex_);
  region_ = std::move(region);
  region_told_ = told;
}
void FakeStore::session_token(std::string token) {
  const std::lock_guard lock(mutex_);
  token_ = std::move(token);
}
void FakeStore::send_away_to(std::string origin) {
  const std::lock_guard lock(mutex_);
  elsewhere_ = std::move(origin);
}
void FakeStore::forbid() {
  const std::lock_guard lock(mutex_);
  forbidden_ = true;
}
void FakeStore::remove_bucket() {
  const std::lock_guard lock(mutex_);
  bucket_there_ = false;
}
void FakeStore::conditional_remove(bool looks) {
  const std::lock_guard lock(mutex_);
  conditional_remove_ = looks;
}
void FakeStore::copies_at_most(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  copies_at_most_ = bytes;
}
std::shared_ptr<void> FakeStore::hold() {
  const std::lock_guard lock(mutex_);
  ++held_;
  return {nullptr, [this](void*) {
            const std::lock_guard releasing(mutex_);
            --held_;
            released_.notify_all();
          }};
}
std::uint64_t FakeStore::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}
std::map<std::string, FakeObject> FakeStore::objects() const {
  const std::lock_guard lock(mutex_);
  return objects_;
}
void FakeStore::put(const std::string& key, std::string bytes) {
  const std::lock_guard lock(mutex_);
  FakeObject object;
  object.bytes = std::move(bytes);
  object.etag = next_etag();
  objects_[key] = std::move(object);
}
std::size_t FakeStore::uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}
std::map<std::string, int> FakeStore::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}
std::vector<std::string> FakeStore::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::string FakeStore::next_etag() {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%032llx", static_cast<unsigned long long>(++etags_));
  return text.data();
}

void FakeStore::serve(Peer& peer) {
  for (;;) {
    const auto request = peer.read_request();
    if (!request || !request->complete) return;
    Before before;
    {
      const std::lock_guard lock(mutex_);
      before = before_;
    }
    if (before) before(*request);
    Fault fault = Fault::none;
    Answer out;
    std::string date;
    {
      std::unique_lock lock(mutex_);
      if (held_ > 0) {
        // What came while nothing was answered is not done either.
        released_.wait(lock, [this] { return held_ == 0; });
        return peer.reset();
      }
      ++requests_;
      log_.push_back(request->method() + " " + request->target());
      if (choose_) fault = choose_(requests_, *request);
      out = answer(*request, fault);
      date = "Date: " + http_date(std::chrono::system_clock::now() + offset_) + "\r\n";
    }
    if (fault == Fault::reset_before || fault == Fault::reset_after) return peer.reset();
    auto head = "HTTP/1.1 " + std::to_string(out.status) + " X\r\n" + date + out.fields;
    if (out.fields.find("Content-Length") == std::string::npos)
      head += "Content-Length: " + std::to_string(out.body.size()) + "\r\n";
    if (request->method() == "HEAD") out.body.clear();
    if (fault == Fault::garbled && !out.body.empty()) out.body[out.body.size() / 2] ^= 1;
    if (fault == Fault::truncated && !out.body.empty()) {
      peer.send(head + "\r\n" + out.body.substr(0, out.body.size() / 2));
      return peer.reset();
    }
    if (!peer.send(head + "\r\n" + out.body)) return;
  }
}

FakeStore::Answer FakeStore::answer(const Received& request, Fault fault) {
  Answer out;
  if (fault == Fault::moves) region_ = "eu-central-1";
  if (auto no = refused(request)) return *no;
  if (fault == Fault::elsewhere) {
    const auto origin = server_.origin();
    out.status = 307;
    out.fields = "Location: http://localhost" + origin.substr(origin.rfind(':')) + request.target() + "\r\n";
    out.body = error_text("TemporaryRedirect");
    return out;
  }
  const auto target = request.target();
  const auto query = query_of(target);
  const auto path = s3::decoded(target.substr(0, target.find('?')));
  const bool document = request.method() == "POST" || !request.field("x-amz-copy-source").empty();
  if (fault == Fault::slow_down) {
    out.status = 503;
    out.fields = "Retry-After: 0\r\n";
    out.body = error_text("SlowDown");
    return out;
  }
  if (fault == Fault::internal || fault == Fault::error_in_success) {
    out.status = fault == Fault::error_in_success && document ? 200 : 500;
    out.body = "\n  \n" + error_text("InternalError");
    return out;
  }
  if (fault == Fault::reset_before) return out;
  const auto root = "/" + bucket_;
  if (path != root && !path.starts_with(root + "/")) {
    out.status = 404;
    out.body = error_text("NoSuchBucket");
    return out;
  }
  const auto key = path.size() > root.size() ? path.substr(root.size() + 1) : std::string();
  if (!bucket_there_ && !(key.empty() && request.method() == "PUT")) {
    out.status = 404;
    out.body = error_text("NoSuchBucket");
    return out;
  }
  return key.empty() ? of_bucket(request, query) : of_object(request, key, query);
}

std::optional<FakeStore::Answer> FakeStore::refused(const Received& request) {
  Answer out;
  if (!elsewhere_.empty()) {
    out.status = 307;
    out.fields = "Location: " + elsewhere_ + request.target() + "\r\n";
    out.body = error_text("TemporaryRedirect");
    return out;
  }
  if (forbidden_) {
    out.status = 403;
    out.body = error_text("AccessDenied");
    return out;
  }
  const auto date = request.field("x-amz-date");
  const auto authorization = request.field("Authorization");
  if (date.size() != 16) {
    out.status = 403;
    out.body = error_text("AccessDenied");
    return out;
  }
  const auto iso = date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) + ":" + date.substr(11, 2) +
                   ":" + date.substr(13, 3);
  const auto signed_at = s3::parse_iso_time(iso);
  const auto now = std::chrono::system_clock::now() + offset_;
  if (!signed_at || *signed_at < now - std::chrono::minutes(15) || *signed_at > now + std::chrono::minutes(15)) {
    out.status = 403;
    out.body = error_text("RequestTimeTooSkewed");
    return out;
  }
  if (!token_.empty() && request.field("x-amz-security-token") != token_) {
    out.status = 400;
    out.body = error_text("ExpiredToken");
    return out;
  }
  if (!region_.empty() && authorization.find("/" + region_ + "/s3/") == std::string::npos) {
    if (region_told_) {
      out.status = 301;
      out.fields = "x-amz-bucket-region: " + region_ + "\r\n";
      out.body = error_text("PermanentRedirect");
    } else {
      out.status = 400;
      out.body = error_text("AuthorizationHeaderMalformed", "<Region>" + region_ + "</Region>");
    }
    return out;
  }
  return std::nullopt;
}

FakeStore::Answer FakeStore::of_bucket(const Received& request, const Query& query) {
  Answer out;
  if (request.method() == "PUT") {
    bucket_there_ = true;
    return out;
  }
  if (query.contains("delete")) {
    out.body = "<DeleteResult>";
    for (std::size_t at = 0;;) {
      const auto key = unescaped(between(request.body, "<Key>", "</Key>", at));
      if (at == std::string::npos) break;
      objects_.erase(key);
    }
    out.body += "</DeleteResult>";
    return out;
  }
  if (query.contains("uploads")) {
    out.body = "<ListMultipartUploadsResult>";
    for (const auto& [id, upload] : uploads_)
      out.body += "<Upload><Key>" + xml_escaped(upload.key) + "</Key><UploadId>" + id +
                  "</UploadId><Initiated>2020-01-01T00:00:00.000Z</Initiated></Upload>";
    out.body += "</ListMultipartUploadsResult>";
    return out;
  }
  if (request.method() == "GET") return list(query);
  return out;
}

FakeStore::Answer FakeStore::list(const Query& query) {
  Answer out;
  const auto text = [&query](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  const auto prefix = text("prefix");
  const auto after = std::max(text("start-after"), text("continuation-token"));
  const auto most = text("max-keys").empty() ? 1000U : static_cast<unsigned>(std::stoul(text("max-keys")));
  out.body = "<ListBucketResult><EncodingType>url</EncodingType>";
  unsigned count = 0;
  std::string last;
  bool more = false;
  for (const auto& [key, object] : objects_) {
    if (!key.starts_with(prefix) || (!after.empty() && key <= after)) continue;
    if (count == most) {
      more = true;
      break;
    }
    ++count;
    last = key;
    out.body += "<Contents><Key>" + s3::encoded(key, s3::Slash::keep) + "</Key><ETag>&quot;" + object.etag +
                "&quot;</ETag><Size>" + std::to_string(object.bytes.size()) + "</Size></Contents>";
  }
  out.body += std::string("<IsTruncated>") + (more ? "true" : "false") + "</IsTruncated>";
  if (more) out.body += "<NextContinuationToken>" + xml_escaped(last) + "</NextContinuationToken>";
  out.body += "</ListBucketResult>";
  return out;
}

std::optional<FakeStore::Answer> FakeStore::condition(const Received& request, const std::string& key) {
  Answer out;
  const auto found = objects_.find(key);
  const auto match = request.field("If-Match");
  if (request.field("If-None-Match") == "*" && found != objects_.end()) {
    out.status = 412;
    out.body = error_text("PreconditionFailed");
    return out;
  }
  if (!match.empty() && found == objects_.end()) {
    out.status = 404;
    out.body = error_text("NoSuchKey");
    return out;
  }
  if (!match.empty() && match != "\"" + found->second.etag + "\"") {
    out.status = 412;
    out.body = error_text("PreconditionFailed");
    return out;
  }
  return std::nullopt;
}

FakeStore::Answer FakeStore::put_object(const Received& request, const std::string& key) {
  Answer out;
  if (auto no = condition(request, key)) return *no;
  FakeObject object;
  if (const auto from = s3::decoded(request.field("x-amz-copy-source")); !from.empty()) {
    const auto source = objects_.find(from.substr(bucket_.size() + 2));
    if (source == objects_.end()) {
      out.status = 404;
      out.body = error_text("NoSuchKey");
      return out;
    }
    if (source->second.bytes.size() > copies_at_most_) {
      out.status = 400;
      out.body = error_text("InvalidRequest");
      return out;
    }
    object = source->second;
    object.etag = next_etag();
    out.body = "<CopyObjectResult><ETag>&quot;" + object.etag + "&quot;</ETag></CopyObjectResult>";
  } else {
    object.bytes = request.body;
    object.etag = next_etag();
    object.checksum = request.field("x-amz-checksum-crc32c");
    object.fields = kept_fields(request);
    if (!object.checksum.empty() && object.checksum != s3::crc32c_text(s3::crc32c(object.bytes))) {
      out.status = 400;
      out.body = error_text("BadDigest");
      return out;
    }
    out.fields = "ETag: \"" + object.etag + "\"\r\n";
  }
  objects_[key] = std::move(object);
  ++writes_[key];
  return out;
}

FakeStore::Answer FakeStore::get_object(const Received& request, const FakeObject& object) {
  Answer out;
  out.fields = "ETag: \"" + object.etag + "\"\r\n" + object.fields;
  const auto range = request.field("Range");
  if (range.empty()) {
    if (!object.checksum.empty()) out.fields += "x-amz-checksum-crc32c: " + object.checksum + "\r\n";
    if (request.method() == "HEAD")
      out.fields += "Content-Length: " + std::to_string(object.bytes.size()) + "\r\n";
    else
      out.body = object.bytes;
    return out;
  }
  const auto dash = range.find('-');
  const auto begin = std::stoul(range.substr(6, dash - 6));
  if (begin >= object.bytes.size()) {
    out.status = 416;
    out.body = error_text("InvalidRange");
    return out;
  }
  auto end = object.bytes.size() - 1;
  if (dash + 1 < range.size()) end = std::min<std::size_t>(end, std::stoul(range.substr(dash + 1)));
  out.status = 206;
  out.body = object.bytes.substr(begin, end - begin + 1);
  out.fields += "Content-Range: bytes " + std::to_string(begin) + "-" + std::to_string(end) + "/" +
                std::to_string(object.bytes.size()) + "\r\n";
  return out;
}

FakeStore::Answer FakeStore::complete(const Received& request, const std::string& id) {
  Answer out;
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) {
    out.status = 404;
    out.body = error_text("NoSuchUpload");
    return out;
  }
  const auto key = found->second.key;
  if (auto no = condition(request, key)) return *no;
  FakeObject object;
  for (const auto& [number, part] : found->second.parts) object.bytes += part.bytes;
  object.fields = found->second.fields;
  object.etag = next_etag() + "-" + std::to_string(found->second.parts.size());
  out.body =
      "<CompleteMultipartUploadResult><ETag>&quot;" + object.etag + "&quot;</ETag></CompleteMultipartUploadResult>";
  objects_[key] = std::move(object);
  ++writes_[key];
  uploads_.erase(found);
  return out;
}

FakeStore::Answer FakeStore::of_object(const Received& request, const std::string& key, const Query& query) {
  Answer out;
  const auto method = request.method();
  if (query.contains("uploads") && method == "POST") {
    const auto id = "upload-" + std::to_string(++etags_);
    uploads_[id].key = key;
    uploads_[id].fields = kept_fields(request);
    out.body = "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>";
    return out;
  }
  if (const auto id = query.find("uploadId"); id != query.end()) {
    if (method == "POST") return complete(request, id->second);
    const auto upload = uploads_.find(id->second);
    if (upload == uploads_.end()) {
      out.status = 404;
      out.body = error_text("NoSuchUpload");
      return out;
    }
    if (method == "DELETE") {
      uploads_.erase(upload);
      out.status = 204;
      return out;
    }
    FakeObject part;
    part.bytes = request.body;
    part.etag = next_etag();
    if (const auto from = s3::decoded(request.field("x-amz-copy-source")); !from.empty()) {
      const auto& source = objects_.at(from.substr(bucket_.size() + 2));
      if (request.field("x-amz-copy-source-if-match") != "\"" + source.etag + "\"") {
        out.status = 412;
        out.body = error_text("PreconditionFailed");
        return out;
      }
      const auto range = request.field("x-amz-copy-source-range");
      const auto begin = std::stoul(range.substr(6));
      part.bytes = source.bytes.substr(begin, std::stoul(range.substr(range.find('-') + 1)) - begin + 1);
      out.body = "<CopyPartResult><ETag>&quot;" + part.etag + "&quot;</ETag></CopyPartResult>";
    } else {
      out.fields = "ETag: \"" + part.etag + "\"\r\n";
    }
    upload->second.parts[std::stoi(query.at("partNumber"))] = std::move(part);
    return out;
  }
  const auto found = objects_.find(key);
  if (method == "DELETE") {
    if (conditional_remove_)
      if (auto no = condition(request, key)) return *no;
    if (found != objects_.end()) objects_.erase(found);
    out.status = 204;
    return out;
  }
  if (query.contains("tagging") && found != objects_.end()) {
    if (method == "PUT") found->second.tags = request.body;
    out.body = method == "PUT" ? std::string() : found->second.tags;
    return out;
  }
  if (method == "PUT") return put_object(request, key);
  if (found == objects_.end()) {
    out.status = 404;
    out.body = error_text("NoSuchKey");
    return out;
  }
  if (auto no = condition(request, key)) return *no;
  return get_object(request, found->second);
}

}  // namespace weir::test
