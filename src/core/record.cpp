#include <weir/error.hpp>
#include <weir/path.hpp>
#include <weir/record.hpp>

#include <string>

namespace weir {
namespace {

std::string named(std::string_view path) {
  if (path.empty()) return "the record";
  return "field \"" + std::string(path) + "\"";
}

// nlohmann puts its own prefix in front: "[json.exception.type_error.302] type must be string, but is number".
std::string_view without_prefix(std::string_view reason) {
  const auto end = reason.find("] ");
  return reason.starts_with("[json.") && end != std::string_view::npos ? reason.substr(end + 2) : reason;
}

const Json* member(const Json& value, std::string_view key) {
  const auto* object = value.get_ptr<const Json::object_t*>();
  if (object == nullptr) return nullptr;
  const auto found = object->find(key);
  return found == object->end() ? nullptr : &found->second;
}

}  // namespace

namespace detail {

void throw_wrong_type(std::string_view path, std::string_view wanted, const Json& found) {
  throw Error(errc::invalid_argument, named(path) + " is not " + std::string(wanted) + " but " + found.type_name());
}

void throw_conversion(std::string_view path, const char* reason) {
  throw Error(errc::invalid_argument, named(path) + ": " + std::string(without_prefix(reason)));
}

}  // namespace detail

Record::Record(Json object) : fields(std::move(object)) {
  if (!fields.is_object())
    throw Error(errc::invalid_argument,
                std::string("the fields of a record are a JSON object, not ") + fields.type_name());
}

const Json* Record::find(std::string_view path) const {
  // Nearly every path is one plain key, or a few; escapes and faults take the long way.
  if (path.find('\\') != std::string_view::npos) {
    const Path parsed = Path::parse(path);
    const Json* value = &fields;
    for (const auto& key : parsed.keys())
      if ((value = member(*value, key)) == nullptr) return nullptr;
    return value;
  }
  if (path.empty() || path.front() == '.' || path.back() == '.' || path.find("..") != std::string_view::npos)
    Path::parse(path);
  const Json* value = &fields;
  while (value != nullptr) {
    const auto dot = path.find('.');
    value = member(*value, path.substr(0, dot));
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return value;
}

void Record::set_json(std::string_view path, Json value) {
  const Path parsed = Path::parse(path);
  // Look before changing anything, so that a refusal leaves the record as it was.
  const Json* existing = &fields;
  for (const auto& key : parsed.keys()) {
    if (existing->is_null()) break;
    if (!existing->is_object())
      throw Error(errc::invalid_argument, "set \"" + std::string(path) + "\": the way leads through " +
                                              existing->type_name() + " before \"" + key + "\"");
    existing = member(*existing, key);
    if (existing == nullptr) break;
  }
  Json* target = &fields;
  for (const auto& key : parsed.keys()) target = &(*target)[key];
  *target = std::move(value);
}

}  // namespace weir
