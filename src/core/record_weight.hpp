#pragma once

#include <weir/record.hpp>

#include <cstddef>
#include <string>

namespace weir::core {

/// About the bytes a JSON value takes in memory. Much cheaper than copying it.
inline std::size_t json_weight(const Json& value) {
  constexpr std::size_t node = 64;  // of a map, with its key
  std::size_t bytes = sizeof(Json);
  switch (value.type()) {
    case Json::value_t::string: return bytes + value.get_ref<const std::string&>().size();
    case Json::value_t::array:
      for (const auto& element : value.get_ref<const Json::array_t&>()) bytes += json_weight(element);
      return bytes;
    case Json::value_t::object:
      for (const auto& [key, member] : value.get_ref<const Json::object_t&>())
        bytes += node + key.size() + json_weight(member);
      return bytes;
    default: return bytes;
  }
}

inline std::size_t record_weight(const Record& record) {
  return sizeof(Record) + record.id.size() + json_weight(record.fields) + json_weight(record.metadata);
}

/// A chunk of records that is written in one piece ends when it has grown to this, however few they are.
inline constexpr std::size_t chunk_bytes = std::size_t{8} << 20;

}  // namespace weir::core
