#include "backends/s3/xml.hpp"

#include "backends/s3/uri.hpp"

#include <weir/error.hpp>

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weir::s3 {
namespace {

// Some stores put a namespace prefix in front.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const auto node : parent.children())
    if (local_name(node) == name) return node;
  return {};
}

std::string text_of(const pugi::xml_node& parent, std::string_view name) { return child(parent, name).text().get(); }

class Document {
 public:
  // Entities beyond XML's own are not expanded by pugixml, and no file or network is ever touched.
  explicit Document(std::string_view text) {
    valid_ = static_cast<bool>(document_.load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8));
  }
  bool valid() const noexcept { return valid_; }
  pugi::xml_node root() const { return document_.document_element(); }
  pugi::xml_node root(std::string_view name) const {
    const auto node = root();
    if (!valid_ || local_name(node) != name)
      throw Error(errc::protocol_error,
                  "the store answered with something else than the XML document " + std::string(name));
    return node;
  }

 private:
  pugi::xml_document document_;
  bool valid_ = false;
};

// The name of the document's element, without its prefix, by a look at its beginning; none where that takes a parser.
std::optional<std::string_view> root_name(std::string_view text) {
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    const bool comment = text.starts_with("<!--");
    if (!comment && !text.starts_with("<?")) break;
    const auto end = text.find(comment ? "-->" : "?>");
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + (comment ? 3 : 2));
  }
  if (!text.starts_with('<') || text.starts_with("<!")) return std::nullopt;
  text.remove_prefix(1);
  const auto end = text.find_first_of(" \t\r\n/>");
  if (end == 0 || end == std::string_view::npos) return std::nullopt;
  const auto name = text.substr(0, end);
  return name.substr(name.rfind(':') + 1);
}

std::uint64_t number_of(std::string_view text, std::string_view name) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error(errc::protocol_error, "the store answered with a " + std::string(name) + " that is no number");
  return value;
}

void append_xml(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#13;"; break;
      case '\n': out += "&#10;"; break;
      case '\t': out += "&#9;"; break;
      default: out += c;
    }
  }
}

void append_element(std::string& out, std::string_view name, std::string_view text) {
  out.append("<").append(name).append(">");
  append_xml(out, text);
  out.append("</").append(name).append(">");
}

constexpr std::string_view name_space = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";

}  // namespace

std::string without_quotes(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::optional<ErrorBody> parse_error(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || text[start] != '<') return std::nullopt;
  // A page of a listing is not taken apart to find that it is no error.
  if (const auto name = root_name(text); name && *name != "Error" && *name != "ErrorResponse") return std::nullopt;
  const Document document(text.substr(start));
  auto root = document.root();
  if (!document.valid()) return std::nullopt;
  if (local_name(root) == "ErrorResponse") root = child(root, "Error");  // STS
  if (local_name(root) != "Error") return std::nullopt;
  ErrorBody out;
  out.code = text_of(root, "Code");
  out.message = text_of(root, "Message");
  out.region = text_of(root, "Region");
  out.endpoint = text_of(root, "Endpoint");
  out.resource = text_of(root, "Resource");
  return out;
}

namespace {

ListedObject listed_object(const pugi::xml_node& contents, bool url) {
  ListedObject out;
  std::string_view key, size;
  for (const auto node : contents.children()) {
    const auto kind = local_name(node);
    const std::string_view value = node.text().get();
    if (kind == "Key")
      key = value;
    else if (kind == "ETag")
      out.etag = without_quotes(value);
    else if (kind == "StorageClass")
      out.storage_class = value;
    else if (kind == "Size")
      size = value;
    else if (kind == "LastModified")
      out.last_modified = parse_iso_time(value);
  }
  out.key = url ? decoded(key) : std::string(key);
  out.size = number_of(size, "Size");
  return out;
}

}  // namespace

ListDocument parse_list(std::string_view text) {
  const Document document(text);
  const auto root = document.root("ListBucketResult");
  const bool url = text_of(root, "EncodingType") == "url";
  const auto name = [url](std::string value) { return url ? decoded(value) : value; };
  ListDocument out;
  out.objects.reserve(1000);  // of a full page
  for (const auto node : root.children()) {
    const auto kind = local_name(node);
    if (kind == "Contents") {
      out.objects.push_back(listed_object(node, url));
    } else if (kind == "CommonPrefixes") {
      out.common_prefixes.push_back(name(text_of(node, "Prefix")));
    } else if (kind == "NextContinuationToken") {
      out.next_token = node.text().get();
    }
  }
  if (text_of(root, "IsTruncated") != "true") {
    out.next_token.clear();
  } else if (out.next_token.empty()) {
    throw Error(errc::protocol_error, "the store cut a listing short and gave no token to go on with");
  }
  return out;
}

std::string parse_upload_id(std::string_view text) {
  const Document document(text);
  auto id = text_of(document.root("InitiateMultipartUploadResult"), "UploadId");
  if (id.empty()) throw Error(errc::protocol_error, "the store began an upload without an id");
  return id;
}

CopyDocument parse_copy(std::string_view text) {
  const Document document(text);
  const bool part = document.valid() && local_name(document.root()) == "CopyPartResult";
  const auto root = document.root(part ? "CopyPartResult" : "CopyObjectResult");
  CopyDocument out;
  out.etag = without_quotes(text_of(root, "ETag"));
  out.last_modified = parse_iso_time(text_of(root, "LastModified"));
  return out;
}

std::string parse_completed(std::string_view text) {
  const Document document(text);
  return without_quotes(text_of(document.root("CompleteMultipartUploadResult"), "ETag"));
}

std::vector<DeleteFailure> parse_deleted(std::string_view text) {
  const Document document(text);
  std::vector<DeleteFailure> out;
  for (const auto node : document.root("DeleteResult").children())
    if (local_name(node) == "Error") {
      DeleteFailure failure;
      failure.key = text_of(node, "Key");
      failure.code = text_of(node, "Code");
      failure.message = text_of(node, "Message");
      out.push_back(std::move(failure));
    }
  return out;
}

std::vector<Tag> parse_tags(std::string_view text) {
  const Document document(text);
  std::vector<Tag> out;
  for (const auto node : child(document.root("Tagging"), "TagSet").children()) {
    Tag tag;
    tag.key = text_of(node, "Key");
    tag.value = text_of(node, "Value");
    out.push_back(std::move(tag));
  }
  return out;
}

UploadsDocument parse_uploads(std::string_view text) {
  const Document document(text);
  const auto root = document.root("ListMultipartUploadsResult");
  const bool url = text_of(root, "EncodingType") == "url";
  UploadsDocument out;
  for (const auto node : root.children()) {
    if (local_name(node) != "Upload") continue;
    ListedUpload upload;
    upload.key = text_of(node, "Key");
    if (url) upload.key = decoded(upload.key);
    upload.upload_id = text_of(node, "UploadId");
    upload.initiated = parse_iso_time(text_of(node, "Initiated"));
    out.uploads.push_back(std::move(upload));
  }
  if (text_of(root, "IsTruncated") == "true") {
    out.next_key_marker = text_of(root, "NextKeyMarker");
    if (url) out.next_key_marker = decoded(out.next_key_marker);
    out.next_upload_marker = text_of(root, "NextUploadIdMarker");
    if (out.next_key_marker.empty())
      throw Error(errc::protocol_error, "a page of uploads says that there are more and not from where");
  }
  return out;
}

RoleDocument parse_role(std::string_view text) {
  const Document document(text);
  const auto result = child(document.root("AssumeRoleWithWebIdentityResponse"), "AssumeRoleWithWebIdentityResult");
  const auto found = child(result, "Credentials");
  RoleDocument out;
  out.access_key_id = text_of(found, "AccessKeyId");
  out.secret_access_key = text_of(found, "SecretAccessKey");
  out.session_token = text_of(found, "SessionToken");
  out.expires = parse_iso_time(text_of(found, "Expiration"));
  if (out.access_key_id.empty() || out.secret_access_key.empty())
    throw Error(errc::protocol_error, "the token service answered without credentials");
  return out;
}

std::string complete_request(std::span<const UploadedPart> parts) {
  std::string out = "<CompleteMultipartUpload";
  out += name_space;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += "<Part>";
    append_element(out, "PartNumber", std::to_string(i + 1));
    append_element(out, "ETag", "\"" + parts[i].etag + "\"");
    if (!parts[i].checksum.empty()) append_element(out, "ChecksumCRC32C", parts[i].checksum);
    out += "</Part>";
  }
  return out += "</CompleteMultipartUpload>";
}

bool can_be_in_xml(std::string_view key) noexcept {
  for (const char c : key)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  // U+FFFE and U+FFFF are no characters of XML.
  return key.find("\xEF\xBF\xBE") == std::string_view::npos && key.find("\xEF\xBF\xBF") == std::string_view::npos;
}

std::string delete_request(std::span<const std::string> keys) {
  std::string out = "<Delete";
  out += name_space;
  for (const auto& key : keys) {
    out += "<Object>";
    append_element(out, "Key", key);
    out += "</Object>";
  }
  return out += "<Quiet>true</Quiet></Delete>";
}

std::string tagging_request(std::span<const Tag> tags) {
  std::string out = "<Tagging";
  out.append(name_space).append("<TagSet>");
  for (const auto& tag : tags) {
    out += "<Tag>";
    append_element(out, "Key", tag.key);
    append_element(out, "Value", tag.value);
    out += "</Tag>";
  }
  return out += "</TagSet></Tagging>";
}

std::string create_bucket_request(std::string_view region) {
  if (region.empty() || region == "us-east-1") return {};
  std::string out = "<CreateBucketConfiguration";
  out += name_space;
  append_element(out, "LocationConstraint", region);
  return out += "</CreateBucketConfiguration>";
}

}  // namespace weir::s3
