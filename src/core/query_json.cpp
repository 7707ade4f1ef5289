#include "core/quote.hpp"

#include <weir/error.hpp>
#include <weir/query.hpp>

#include <limits>

namespace weir {
namespace {

[[noreturn]] void refuse_query(const std::string& why) { throw Error(errc::invalid_query, "query: " + why); }

std::size_t number_of_records(const Json& value, const char* key) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<Json::number_unsigned_t>();
    if (std::in_range<std::size_t>(number)) return static_cast<std::size_t>(number);
  } else if (value.is_number_integer() && value.get<std::int64_t>() >= 0) {
    return static_cast<std::size_t>(value.get<std::int64_t>());
  }
  refuse_query(std::string(key) + " is a number of records, 0 or more");
}

const std::string& text_of(const Json& value, const char* what) {
  if (!value.is_string()) refuse_query(std::string(what) + " is a string, not " + value.type_name());
  return *value.get_ptr<const std::string*>();
}

void add_order_key(Query& query, const Json& json) {
  if (!json.is_object()) refuse_query("a key of order_by is an object {\"path\": …, \"order\": …}");
  Order order = Order::asc;
  std::optional<Field> key;
  for (const auto& [name, value] : json.items()) {
    if (name == "path" || name == "id") {
      if (key) refuse_query("a key of order_by has either \"path\" or \"id\"");
      if (name == "path") {
        key = field(text_of(value, "order_by: path"));
      } else {
        if (!value.is_boolean() || !value.get<bool>()) refuse_query("order_by: id is true");
        key = id();
      }
    } else if (name == "order") {
      const auto& word = text_of(value, "order_by: order");
      if (word != "asc" && word != "desc")
        refuse_query("order_by: order is \"asc\" or \"desc\", not " + core::in_quotes(word));
      order = word == "asc" ? Order::asc : Order::desc;
    } else {
      refuse_query("order_by: unknown key " + core::in_quotes(name));
    }
  }
  if (!key) refuse_query("a key of order_by has \"path\" or \"id\"");
  query.order_by(*key, order);
}

}  // namespace

Query Query::from_json(const Json& json) {
  if (!json.is_object()) refuse_query(std::string("an object, not ") + json.type_name());
  Query query;
  for (const auto& [key, value] : json.items()) {
    if (key == "where") {
      query.filter_ = Filter::from_json(value);
    } else if (key == "order_by") {
      if (!value.is_array()) refuse_query("order_by is a list");
      for (const Json& element : value) add_order_key(query, element);
    } else if (key == "limit") {
      query.limit_ = number_of_records(value, "limit");
    } else if (key == "offset") {
      query.offset_ = number_of_records(value, "offset");
    } else if (key == "select") {
      if (!value.is_array()) refuse_query("select is a list of paths");
      std::vector<std::string> paths;
      for (const Json& element : value) paths.push_back(text_of(element, "select: a path"));
      query.select(std::move(paths));
    } else {
      refuse_query("unknown key " + core::in_quotes(key));
    }
  }
  return query;
}

Json Query::to_json() const {
  Json json = Json::object();
  if (!filter_.always()) json["where"] = filter_.to_json();
  for (const OrderKey& key : order_) {
    Json entry = Json::object();
    if (key.on_id())
      entry["id"] = true;
    else
      entry["path"] = key.path.to_string();
    if (key.order == Order::desc) entry["order"] = "desc";
    json["order_by"].push_back(std::move(entry));
  }
  if (limit_) json["limit"] = *limit_;
  if (offset_ != 0) json["offset"] = offset_;
  if (select_) {
    json["select"] = Json::array();
    for (const Path& path : *select_) json["select"].push_back(path.to_string());
  }
  return json;
}

}  // namespace weir
