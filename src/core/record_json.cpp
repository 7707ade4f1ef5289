#include "core/record_json.hpp"

#include "core/json_text.hpp"
#include "core/quote.hpp"

#include <weir/error.hpp>

namespace weir::core {
namespace {

[[noreturn]] void refuse_record(const std::string& why) { throw Error(errc::invalid_argument, "record: " + why); }

std::string take_string(Json& value, const std::string& key) {
  if (!value.is_string()) refuse_record("\"" + key + "\" is a string, not " + value.type_name());
  return std::move(*value.get_ptr<std::string*>());
}

Json take_object(Json& value, const std::string& key) {
  if (!value.is_object()) refuse_record("\"" + key + "\" is an object, not " + value.type_name());
  return std::move(value);
}

}  // namespace

void append_record(std::string& out, const Record& record) {
  out += '{';
  if (!record.id.empty()) {
    out += "\"id\":";
    append_json_string(out, record.id);
    out += ',';
  }
  if (!record.version.empty()) {
    out += "\"version\":";
    append_json_string(out, record.version);
    out += ',';
  }
  out += "\"fields\":";
  append_json(out, record.fields);
  if (!record.metadata.empty()) {
    out += ",\"metadata\":";
    append_json(out, record.metadata);
  }
  out += '}';
}

Json record_to_json(const Record& record) {
  Json json = Json::object();
  if (!record.id.empty()) json["id"] = record.id;
  if (!record.version.empty()) json["version"] = record.version;
  json["fields"] = record.fields;
  if (!record.metadata.empty()) json["metadata"] = record.metadata;
  return json;
}

Record record_from_json(Json json) {
  if (!json.is_object()) refuse_record(std::string("an object, not ") + json.type_name());
  Record record;
  bool has_fields = false;
  for (auto& [key, value] : *json.get_ptr<Json::object_t*>()) {
    if (key == "id") {
      record.id = take_string(value, key);
    } else if (key == "version") {
      record.version = take_string(value, key);
    } else if (key == "fields") {
      record.fields = take_object(value, key);
      has_fields = true;
    } else if (key == "metadata") {
      record.metadata = take_object(value, key);
    } else {
      refuse_record("unknown key " + in_quotes(key) + "; a record is {\"id\", \"version\", \"fields\", \"metadata\"}");
    }
  }
  if (!has_fields) refuse_record("\"fields\" is missing");
  return record;
}

}  // namespace weir::core
