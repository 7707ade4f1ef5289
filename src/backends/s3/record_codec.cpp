#include "backends/s3/record_codec.hpp"

#include "core/json_text.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>

namespace weir::s3 {
namespace {

constexpr const char* kind_name = "weir";
constexpr const char* metadata_name = "weir-metadata";

bool says(const std::map<std::string, std::string>& metadata, std::string_view what) {
  const auto found = metadata.find(kind_name);
  return found != metadata.end() && found->second == what;
}

void append_escape(std::string& out, unsigned unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> static_cast<unsigned>(shift) & 15U];
}

}  // namespace

std::string ascii_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    if (c > ' ' && c < 0x7F) {
      out += c;
      ++at;
      continue;
    }
    // Only inside of a string: between its parts the text has neither spaces nor anything that is not ASCII.
    const auto code = static_cast<unsigned>(core::decode_utf8(json, at));
    if (code >= 0x10000) {
      append_escape(out, 0xD800U + ((code - 0x10000U) >> 10U));
      append_escape(out, 0xDC00U + ((code - 0x10000U) & 0x3FFU));
    } else {
      append_escape(out, code);
    }
  }
  return out;
}

RecordObject encode_record(const Record& record, std::string_view write) {
  RecordObject out;
  out.metadata.emplace_back(kind_name, "record");
  auto& body = out.body;
  body = "{\"id\":";
  core::append_json_string(body, record.id);
  body += ",\"write\":";
  core::append_json_string(body, write);
  body += ",\"fields\":";
  core::append_json(body, record.fields);
  if (!record.metadata.empty()) {
    const auto text = core::dump_json(record.metadata);
    auto ascii = ascii_json(text);
    if (ascii.size() <= most_object_metadata)
      out.metadata.emplace_back(metadata_name, std::move(ascii));
    else
      body.append(",\"metadata\":").append(text);
  }
  body += '}';
  return out;
}

std::optional<Record> decode_record(std::string_view id, std::string_view body,
                                    const std::map<std::string, std::string>& metadata, std::string version) {
  if (is_removed(body.size(), metadata)) return std::nullopt;
  const bool ours = says(metadata, "record");
  Json json;
  try {
    json = core::parse_stored_json(body);
  } catch (const Error&) {
    if (ours) throw;
    return std::nullopt;
  }
  const auto text = [&json](const char* name) -> const std::string* {
    const auto found = json.find(name);
    return found == json.end() ? nullptr : found->get_ptr<const std::string*>();
  };
  const bool complete = json.is_object() && text("id") != nullptr && *text("id") == id && text("write") != nullptr &&
                        json.contains("fields") && json["fields"].is_object();
  if (!complete) {
    if (ours) throw Error(errc::corrupt_data, "the object of a record does not hold that record");
    return std::nullopt;
  }
  Record out;
  out.id = id;
  out.version = std::move(version);
  out.fields = std::move(json["fields"]);
  if (json.contains("metadata")) out.metadata = std::move(json["metadata"]);
  if (const auto found = metadata.find(metadata_name); found != metadata.end())
    out.metadata = core::parse_stored_json(found->second);
  if (!out.metadata.is_object()) throw Error(errc::corrupt_data, "the metadata of a record are no JSON object");
  return out;
}

std::vector<std::pair<std::string, std::string>> removed_metadata() {
  std::vector<std::pair<std::string, std::string>> out;
  out.emplace_back(kind_name, "removed");
  return out;
}

bool is_marked_record(const std::map<std::string, std::string>& metadata) { return says(metadata, "record"); }

bool is_removed(std::uint64_t size, const std::map<std::string, std::string>& metadata) {
  return size == 0 && says(metadata, "removed");
}

}  // namespace weir::s3
