#include "backends/elasticsearch/mapping.hpp"

#include "core/number_order.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace weir::elasticsearch {
namespace {

const std::string fields_prefix = "fields";
const std::string order_prefix = "order";

struct Ends {
  const Json* smallest = nullptr;
  const Json* largest = nullptr;
};

bool one_of(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::ranges::find(types, type) != types.end();
}

std::optional<std::size_t> limit_of(const Json& field) {
  const auto found = field.find("ignore_above");
  if (found == field.end() || !found->is_number_integer() || *found < 0) return std::nullopt;
  return found->get<std::size_t>();
}

std::string type_of(const Json& field) {
  const auto found = field.find("type");
  if (found != field.end() && found->is_string()) return found->get<std::string>();
  return field.contains("properties") ? "object" : "";
}

std::string joined(const std::vector<std::string>& keys, const std::string& prefix) {
  std::string out = prefix;
  for (const auto& key : keys) {
    if (!out.empty()) out += '.';
    out += key;
  }
  return out;
}

[[noreturn]] void refuse(const std::string& path, const std::string& why, errc code = errc::invalid_argument) {
  throw Error(code, "the field " + path + " " + why);
}

void check_key(const std::string& key, const std::string& path) {
  const bool blank = std::ranges::all_of(key, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; });
  if (blank) refuse(path + ".", "has a key that is empty or blank, which an index cannot hold");
  if (key.find_first_of(".*") != std::string::npos)
    refuse(path.empty() ? key : path + "." + key, "has a key with . or *, which an index takes for something else");
}

// The server counts UTF-16 units.
bool is_longer(const std::string& text, std::size_t limit) {
  if (text.size() <= limit) return false;
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0U) == 0x80U ? 0U : (byte >= 0xF0U ? 2U : 1U);
  }
  return units > limit;
}

FieldKind kind_of(const Json& value) {
  if (value.is_string()) return FieldKind::keyword;
  return value.is_boolean() ? FieldKind::boolean : FieldKind::number;
}

std::string type_name(const MappedField& field) { return field.type.empty() ? "object" : field.type; }

std::string_view name_of(const Json& value) {
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "a boolean";
  return value.is_object() ? "an object" : "a number";
}

void check_number(const Json& value, const std::string& path) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    refuse(path, "holds an integer outside of 64 bits with a sign");
  if (value.is_number_float() && value.get<double>() == two_to_63)
    refuse(path, "holds 2^63, which this index cannot tell from 2^63 - 1");
}

bool is_large(const Json& value) {
  const auto size = std::fabs(value.get<double>());
  return size >= two_to_53 && size <= two_to_63;
}

bool fits(const MappedField& field, const Json& value) {
  switch (field.kind) {
    case FieldKind::keyword:
    case FieldKind::text: return value.is_string();
    case FieldKind::number:
    case FieldKind::floating: return value.is_number();
    case FieldKind::integer:
      return value.is_number_integer() ||
             (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
    case FieldKind::boolean: return value.is_boolean();
    case FieldKind::object: return value.is_object();
    case FieldKind::other: return !value.is_object();  // its own rules, told by the server
  }
  return false;
}

}  // namespace

// Walks a record; arrays stand for their elements.
class FieldCheck {
 public:
  FieldCheck(const Mapping& mapping, CheckedFields& out) : mapping_(mapping), out_(out) {
    if (mapping_.ours()) name_ = fields_prefix;
    prefix_ = name_.empty() ? 0 : name_.size() + 1;
  }

  // Whether there is a value somewhere in it.
  bool object(const Json& value) {
    bool found = false;
    for (const auto& [key, member] : *value.get_ptr<const Json::object_t*>()) {
      check_key(key, path());
      const auto size = name_.size();
      if (size != 0) name_ += '.';
      name_ += key;
      keys_.push_back(&key);
      if (any(member)) found = true;
      keys_.pop_back();
      name_.resize(size);
    }
    return found;
  }

 private:
  std::string path() const { return name_.size() > prefix_ ? name_.substr(prefix_) : std::string(); }

  bool any(const Json& value) {
    if (value.is_null()) return false;
    if (value.is_array()) {
      bool found = false;
      for (const auto& element : value)
        if (any(element)) found = true;
      return found;
    }
    const auto* const known = mapping_.find_name(name_);
    if (value.is_object()) return inner(value, known);
    if (value.is_number()) {
      check_number(value, path());
      out_.large_numbers = out_.large_numbers || is_large(value);
    }
    if (known == nullptr) {
      unknown(value);
      return true;
    }
    if (!fits(*known, value))
      refuse(path(), "holds " + std::string(name_of(value)) + ", and the index has it as " + type_name(*known));
    if (known->kind == FieldKind::keyword && known->ignore_above &&
        is_longer(value.get_ref<const std::string&>(), *known->ignore_above))
      refuse(
          path(),
          "holds a string longer than the " + std::to_string(*known->ignore_above) + " characters that the index finds",
          errc::too_large);
    return true;
  }

  bool inner(const Json& value, const MappedField* known) {
    const bool found = object(value);
    const auto seen = seen_.find(name_);
    const bool is_scalar =
        known != nullptr ? known->kind != FieldKind::object : seen != seen_.end() && seen->second != FieldKind::object;
    if (is_scalar && found)
      refuse(path(), known != nullptr ? "holds an object, and the index has it as " + known->type
                                      : std::string("holds an object and something else"));
    if (is_scalar) out_.hollow_objects = true;
    if (known != nullptr) return found;
    if (found)
      seen_.emplace(name_, FieldKind::object);
    else
      hollow_.insert(name_);
    return found;
  }

  void unknown(const Json& value) {
    auto kind = kind_of(value);
    if (kind == FieldKind::keyword && mapping_.text_paths_.contains(std::string_view(name_).substr(prefix_)))
      kind = FieldKind::text;
    if (kind == FieldKind::keyword && mapping_.ours() &&
        is_longer(value.get_ref<const std::string&>(), longest_keyword))
      refuse(path(),
             "holds a string longer than the " + std::to_string(longest_keyword) + " characters that an index finds",
             errc::too_large);
    if (hollow_.contains(name_)) out_.hollow_objects = true;
    const auto [here, is_new] = seen_.emplace(name_, kind);
    if (here->second != kind)
      refuse(path(), "holds values of different types, and an index has one type for each path");
    if (is_new && mapping_.ours()) add(kind);
  }

  void add(FieldKind kind) {
    NewField field;
    for (const auto* key : keys_) field.keys.push_back(*key);
    field.kind = kind;
    out_.missing.push_back(std::move(field));
  }

  const Mapping& mapping_;
  CheckedFields& out_;
  std::string name_;
  std::size_t prefix_ = 0;
  std::vector<const std::string*> keys_;
  std::map<std::string, FieldKind, std::less<>> seen_;
  std::set<std::string, std::less<>> hollow_;  // objects without a value
};

namespace {

// How an index of ours has each kind.
Json field_definition(FieldKind kind) {
  Json out = Json::object();
  switch (kind) {
    case FieldKind::number: {
      Json exact = Json::object();
      exact["type"] = "long";
      // With fractions cut off: to refuse them as malformed costs the server an exception for each number.
      exact["coerce"] = true;
      exact["ignore_malformed"] = true;
      out["type"] = "double";
      out["coerce"] = false;
      out["fields"]["l"] = std::move(exact);
      break;
    }
    case FieldKind::boolean: out["type"] = "boolean"; break;
    case FieldKind::text: out["type"] = "text"; break;
    default: {
      Json full_text = Json::object();
      full_text["type"] = "text";
      out["type"] = "keyword";
      out["ignore_above"] = longest_keyword;
      out["fields"]["t"] = std::move(full_text);
    }
  }
  return out;
}

// The smallest and the largest number at each path that has one beyond 2^53.
void collect_large(const Json& value, std::vector<std::string>& keys, std::map<std::vector<std::string>, Ends>& out) {
  if (value.is_array()) {
    for (const auto& element : value) collect_large(element, keys, out);
  } else if (value.is_object()) {
    for (const auto& [key, member] : *value.get_ptr<const Json::object_t*>()) {
      keys.push_back(key);
      collect_large(member, keys, out);
      keys.pop_back();
    }
  } else if (value.is_number()) {
    auto& ends = out[keys];
    if (ends.smallest == nullptr || core::compare_numbers(value, *ends.smallest) < 0) ends.smallest = &value;
    if (ends.largest == nullptr || core::compare_numbers(value, *ends.largest) > 0) ends.largest = &value;
  }
}

std::optional<std::int64_t> as_large(const Json& value) {
  if (!is_large(value)) return std::nullopt;
  if (!value.is_number_float()) return value.get<std::int64_t>();
  const auto number = value.get<double>();
  if (number >= two_to_63 || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

Mapping::Mapping(std::set<std::string, std::less<>> text_paths) : text_paths_(std::move(text_paths)) {}

const MappedField* Mapping::find_name(std::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() ? nullptr : &found->second;
}

const MappedField* Mapping::find(const Path& path) const {
  // A dot inside a key is none between keys; an index holds no such key.
  for (const auto& key : path.keys())
    if (key.find('.') != std::string::npos) return nullptr;
  return find_name(joined(path.keys(), ours_ ? fields_prefix : std::string()));
}

namespace {

bool all_known(const Mapping& mapping, const FilterNode& node) {
  if (node.comparison && !node.comparison->on_id && mapping.find(node.comparison->path) == nullptr) return false;
  return std::ranges::all_of(node.children, [&](const auto& child) { return all_known(mapping, *child); });
}

}  // namespace

bool Mapping::knows(const Query& query) const {
  for (const auto& key : query.order())
    if (!key.on_id() && find(key.path) == nullptr) return false;
  return all_known(*this, query.filter().node());
}

void Mapping::put(const std::string& name, MappedField field) {
  const auto [found, is_new] = fields_.emplace(name, field);
  if (is_new || (found->second.kind == field.kind && found->second.name == field.name)) return;
  field.kind = FieldKind::other;
  field.type += " or " + found->second.type;
  found->second = std::move(field);
}

void Mapping::read_field(const std::string& name, const Json& field) {
  if (!field.is_object()) throw Error(errc::protocol_error, "the mapping of " + name + " is no object");
  MappedField out;
  out.type = type_of(field);
  out.name = name;
  out.ignore_above = limit_of(field);
  const auto below = field.find("fields");
  const bool has_below = below != field.end() && below->is_object();
  if (one_of(out.type, {"keyword", "constant_keyword", "wildcard"})) {
    out.kind = FieldKind::keyword;
    if (has_below)
      for (const auto& [key, sub] : below->items())
        if (one_of(type_of(sub), {"text", "match_only_text"})) out.full_text = name + "." + key;
  } else if (one_of(out.type, {"text", "match_only_text"})) {
    out.kind = FieldKind::text;
    out.full_text = name;
    if (has_below)
      for (const auto& [key, sub] : below->items())
        if (type_of(sub) == "keyword" && !sub.contains("normalizer")) {
          out.kind = FieldKind::keyword;
          out.name = name + "." + key;
          out.ignore_above = limit_of(sub);
        }
  } else if (one_of(out.type, {"double", "float", "half_float", "scaled_float"})) {
    out.kind = FieldKind::floating;
    if (out.type == "double" && has_below && below->contains("l") && type_of(below->at("l")) == "long") {
      out.kind = FieldKind::number;
      out.exact_integer = name + ".l";
      const auto path = name.substr(std::min(name.size(), fields_prefix.size()));
      out.order_min = order_prefix + ".min" + path;
      out.order_max = order_prefix + ".max" + path;
    }
  } else if (one_of(out.type, {"long", "integer", "short", "byte"})) {
    out.kind = FieldKind::integer;
  } else if (out.type == "boolean") {
    out.kind = FieldKind::boolean;
  } else if (one_of(out.type, {"object", ""})) {
    out.kind = FieldKind::object;
  }
  if (out.kind == FieldKind::keyword && field.contains("normalizer"))
    out.kind = FieldKind::other;  // not what was stored
  put(name, std::move(out));
  if (const auto properties = field.find("properties"); properties != field.end()) read_properties(*properties, name);
}

void Mapping::read_properties(const Json& properties, const std::string& prefix) {
  if (!properties.is_object()) throw Error(errc::protocol_error, "the properties of a mapping are no object");
  for (const auto& [key, field] : properties.items()) read_field(prefix.empty() ? key : prefix + "." + key, field);
}

Mapping Mapping::parse(const Json& answer, std::set<std::string, std::less<>> text_paths,
                       const std::string& key_field) {
  Mapping out(std::move(text_paths));
  if (!answer.is_object() || answer.empty()) throw Error(errc::protocol_error, "the answer to _mapping names no index");
  bool first = true;
  if (answer.size() == 1) out.index_ = answer.begin().key();
  for (const auto& [index, entry] : answer.items()) {
    const auto mappings = entry.find("mappings");
    if (mappings == entry.end() || !mappings->is_object())
      throw Error(errc::protocol_error, "the answer to _mapping has no mappings for " + index);
    const auto meta = mappings->find("_meta");
    const bool made_by_us = meta != mappings->end() && meta->is_object() && meta->contains("weir");
    if (!first && made_by_us != out.ours_)
      throw Error(errc::unsupported, "the alias stands for indexes of weir and for others");
    out.ours_ = made_by_us;
    first = false;
    if (const auto properties = mappings->find("properties"); properties != mappings->end())
      out.read_properties(*properties, "");
  }
  if (!out.ours_) {
    const auto* const key = key_field.empty() ? nullptr : out.find_name(key_field);
    out.id_field_ = key != nullptr && key->kind == FieldKind::keyword ? key->name : std::string();
  }
  return out;
}

CheckedFields Mapping::check(const Json& fields) const {
  CheckedFields out;
  FieldCheck(*this, out).object(fields);
  return out;
}

std::optional<Json> without_hollow_objects(const Json& value) {
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, member] : *value.get_ptr<const Json::object_t*>())
      if (auto kept = without_hollow_objects(member); kept && !kept->is_null()) out[key] = std::move(*kept);
    if (out.empty()) return std::nullopt;
    return out;
  }
  if (!value.is_array()) return value;
  Json out = Json::array();
  for (const auto& element : value)
    if (auto kept = without_hollow_objects(element); kept) out.push_back(std::move(*kept));
  return out;
}

std::vector<LargeNumbers> large_numbers(const Json& fields) {
  std::vector<std::string> keys;
  std::map<std::vector<std::string>, Ends> ends;
  collect_large(fields, keys, ends);
  std::vector<LargeNumbers> out;
  for (const auto& [path, found] : ends) {
    LargeNumbers one;
    one.keys = path;
    one.smallest = as_large(*found.smallest);
    one.largest = as_large(*found.largest);
    if (one.smallest || one.largest) out.push_back(std::move(one));
  }
  return out;
}

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), its upper bits: the lower ones of short ids are alike.
std::uint32_t part_of(std::string_view id) noexcept {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdU;
  return static_cast<std::uint32_t>(hash >> 49U);
}

Json Mapping::put_mapping_body(const std::vector<NewField>& fields) {
  Json body = Json::object();
  body["properties"] = Json::object();
  for (const auto& field : fields) {
    if (field.kind == FieldKind::number)
      for (const char* const end : {"min", "max"}) {
        auto* at = &body["properties"][order_prefix]["properties"][end];
        for (const auto& key : field.keys) at = &(*at)["properties"][key];
        (*at)["type"] = "long";
      }
    auto* at = &body["properties"][fields_prefix];
    for (const auto& key : field.keys) at = &(*at)["properties"][key];
    at->update(field_definition(field.kind));
  }
  return body;
}

void Mapping::add(const std::vector<NewField>& fields) {
  for (const auto& field : fields) {
    std::string name = fields_prefix;
    for (std::size_t i = 0; i < field.keys.size(); ++i) {
      name += '.' + field.keys[i];
      if (i + 1 == field.keys.size())
        read_field(name, field_definition(field.kind));
      else
        read_field(name, Json::object());
    }
  }
}

Json Mapping::create_index_body(const Json& settings) {
  Json mappings = Json::object();
  mappings["_meta"]["weir"] = 1;
  mappings["dynamic"] = false;
  Json id = Json::object();
  id["type"] = "keyword";
  Json fields = Json::object();
  fields["type"] = "object";
  Json metadata = Json::object();
  metadata["type"] = "object";
  metadata["enabled"] = false;
  auto verbatim = metadata;
  Json part = Json::object();
  part["type"] = "short";
  mappings["properties"]["id"] = std::move(id);
  mappings["properties"]["part"] = std::move(part);
  mappings["properties"][order_prefix]["type"] = "object";
  mappings["properties"]["fields"] = std::move(fields);
  mappings["properties"]["metadata"] = std::move(metadata);
  mappings["properties"]["verbatim"] = std::move(verbatim);
  Json index = Json::object();
  index["mapping"]["depth"]["limit"] = 128;
  index["mapping"]["total_fields"]["limit"] = 10'000;
  index["max_regex_length"] = 10'000;
  Json body = Json::object();
  body["settings"]["index"] = std::move(index);
  body["settings"].merge_patch(settings);
  body["mappings"] = std::move(mappings);
  return body;
}

}  // namespace weir::elasticsearch
