#include "core/validate.hpp"

#include "core/utf8.hpp"

#include <weir/error.hpp>
#include <weir/path.hpp>

#include <cmath>

namespace weir::core {
namespace {

// Where the walk is: a chain on the stack, written out only for an error.
struct Place {
  const Place* parent;
  const std::string* key;  // null for an element of an array
  std::size_t index;
};

void append_place(std::string& out, const Place* place) {
  if (place == nullptr) return;
  append_place(out, place->parent);
  if (place->key == nullptr) {
    out += '[' + std::to_string(place->index) + ']';
    return;
  }
  if (!out.empty()) out += '.';
  if (place->key->empty()) out += "\"\"";
  for (const char c : *place->key) {
    if (c == '.' || c == '\\') out += '\\';
    out += c;
  }
}

struct Walk {
  std::string_view what;

  [[noreturn]] void fail(const Place* place, const char* why) const {
    std::string where;
    append_place(where, place);
    throw Error(errc::invalid_argument, std::string(what) + (where.empty() ? "" : " at " + where) + ": " + why);
  }

  void text(std::string_view text, const Place* place, bool key) const {
    switch (check_text(text)) {
      case TextFault::none: return;
      case TextFault::invalid_utf8: fail(place, key ? "a key is not valid UTF-8" : "not valid UTF-8");
      case TextFault::nul: fail(place, key ? "a key holds U+0000" : "holds U+0000");
    }
  }

  void value(const Json& json, const Place* place, std::size_t objects, std::size_t arrays) const {
    switch (json.type()) {
      case Json::value_t::null:
      case Json::value_t::boolean:
      case Json::value_t::number_integer: return;
      case Json::value_t::number_unsigned:
        if (!std::in_range<std::int64_t>(*json.get_ptr<const Json::number_unsigned_t*>()))
          fail(place, "an integer above 2^63-1");
        return;
      case Json::value_t::number_float:
        if (!std::isfinite(*json.get_ptr<const Json::number_float_t*>()))
          fail(place, "NaN and infinities cannot be stored");
        return;
      case Json::value_t::string: text(*json.get_ptr<const std::string*>(), place, false); return;
      case Json::value_t::object: {
        if (objects == max_object_depth) fail(nullptr, "objects nested deeper than 100");
        for (const auto& [key, member] : *json.get_ptr<const Json::object_t*>()) {
          text(key, place, true);
          const Place here{place, &key, 0};
          value(member, &here, objects + 1, 0);
        }
        return;
      }
      case Json::value_t::array: {
        if (arrays == max_array_depth) fail(place, "more than 8 arrays directly inside one another");
        Place here{place, nullptr, 0};
        for (const Json& element : *json.get_ptr<const Json::array_t*>()) {
          value(element, &here, objects, arrays + 1);
          ++here.index;
        }
        return;
      }
      case Json::value_t::binary:
      case Json::value_t::discarded: fail(place, "not a JSON value");
    }
  }
};

static_assert(max_object_depth == 100 && max_array_depth == 8, "the messages above name them");

}  // namespace

void validate_id(std::string_view id) {
  if (id.empty()) throw Error(errc::invalid_argument, "an empty id");
  if (id.size() > max_id_bytes)
    throw Error(errc::invalid_argument,
                "an id of " + std::to_string(id.size()) + " bytes; at most " + std::to_string(max_id_bytes));
  switch (check_text(id)) {
    case TextFault::none: return;
    case TextFault::invalid_utf8: throw Error(errc::invalid_argument, "an id that is not valid UTF-8");
    case TextFault::nul: throw Error(errc::invalid_argument, "an id that holds U+0000");
  }
}

void validate_fields(const Json& fields, std::string_view what) {
  if (!fields.is_object())
    throw Error(errc::invalid_argument, std::string(what) + ": a JSON object, not " + fields.type_name());
  Walk{what}.value(fields, nullptr, 0, 0);
}

void validate_record(const Record& record) {
  if (!record.id.empty()) validate_id(record.id);
  validate_fields(record.fields, "fields");
  validate_fields(record.metadata, "metadata");
}

}  // namespace weir::core
