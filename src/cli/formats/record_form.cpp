#include "cli/formats/record_form.hpp"

#include "cli/formats/problem.hpp"
#include "cli/formats/utf8.hpp"

#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t longest_id = 512;

[[noreturn]] void refuse(std::string reason) { throw JsonTextError(errc::invalid_argument, 0, std::move(reason)); }

std::string take_id(Json& value, const std::string& key) {
  if (value.is_null()) return {};
  if (value.is_number_integer()) return value.dump();
  if (!value.is_string()) refuse("\"" + key + "\" should be the id, a string, and is " + value.type_name());
  auto& id = *value.get_ptr<std::string*>();
  if (id.empty()) refuse("the id is empty; leave it out for a new one");
  if (id.size() > longest_id)
    refuse("the id has " + std::to_string(id.size()) + " bytes, more than the limit of " + std::to_string(longest_id));
  return std::move(id);
}

Json take_object(Json& value, const char* key) {
  if (!value.is_object()) refuse(std::string("\"") + key + "\" should be an object and is " + value.type_name());
  return std::move(value);
}

Record from_flat(Json& document, const RecordForm& form) {
  Record record;
  const auto id = document.find(form.id_field());
  if (id != document.end()) {
    record.id = take_id(*id, form.id_field());
    document.erase(id);
  }
  record.fields = std::move(document);
  return record;
}

Record from_envelope(Json& document) {
  Record record;
  bool has_fields = false;
  for (auto& [key, value] : document.get_ref<Json::object_t&>()) {
    if (key == "id") {
      record.id = take_id(value, key);
    } else if (key == "fields") {
      record.fields = take_object(value, "fields");
      has_fields = true;
    } else if (key == "metadata") {
      record.metadata = take_object(value, "metadata");
    } else if (key != "version") {
      refuse("unknown key \"" + excerpt(key) +
             R"("; a record is {"id": …, "fields": {…}, "metadata": {…}}, and --flat reads bare objects)");
    }
  }
  if (!has_fields) refuse(R"(there are no "fields"; --flat reads bare objects)");
  return record;
}

void append_json(std::string& out, const Json& value) {
  out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Record to_record(Json document, const RecordForm& form) {
  if (!document.is_object()) refuse(std::string("a record is a JSON object, not ") + document.type_name());
  return form.flat() ? from_flat(document, form) : from_envelope(document);
}

void check_id_field(const Record& record, const std::string& id_field) {
  if (!record.fields.contains(id_field)) return;
  throw Error(errc::invalid_argument, "record \"" + excerpt(record.id) + "\" has a field \"" + id_field +
                                          "\" besides its id; name another field for the id with --id-field");
}

void append_record(std::string& out, const Record& record, const RecordForm& form) {
  if (form.flat()) {
    check_id_field(record, form.id_field());
    out += '{';
    append_json(out, form.id_field());
    out += ':';
    append_json(out, record.id);
    if (record.fields.empty()) {
      out += '}';
      return;
    }
    // The fields' own opening brace becomes the comma.
    const auto comma = out.size();
    append_json(out, record.fields);
    out[comma] = ',';
    return;
  }
  out += "{\"id\":";
  append_json(out, record.id);
  if (!record.version.empty()) {
    out += ",\"version\":";
    append_json(out, record.version);
  }
  out += ",\"fields\":";
  append_json(out, record.fields);
  if (!record.metadata.empty()) {
    out += ",\"metadata\":";
    append_json(out, record.metadata);
  }
  out += '}';
}

}  // namespace weir::cli
