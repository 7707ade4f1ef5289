// Values of the native handle: C++ types to PostgreSQL's binary forms and back.

#include "backends/postgresql/sql/numeric.hpp"
#include "backends/postgresql/sql/parameter.hpp"
#include "core/json_text.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>
#include <weir/postgresql_value.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace weir {

using namespace postgres;

namespace {

using std::chrono::microseconds;

// Times count from here.
constexpr std::chrono::sys_days year_2000 = std::chrono::year{2000} / std::chrono::January / 1;

constexpr std::uint32_t oid(TypeId type) noexcept { return static_cast<std::uint32_t>(type); }

namespace types {
constexpr std::uint32_t object_id = 26, date = 1082, timestamp = 1114;
}  // namespace types

// The array type of an element type; 0: none known.
std::uint32_t array_of(std::uint32_t element) noexcept {
  switch (element) {
    case oid(TypeId::boolean): return 1000;
    case oid(TypeId::bytea): return 1001;
    case oid(TypeId::int2): return 1005;
    case oid(TypeId::int4): return 1007;
    case oid(TypeId::int8): return 1016;
    case oid(TypeId::text): return 1009;
    case oid(TypeId::float4): return 1021;
    case oid(TypeId::float8): return 1022;
    case types::date: return 1182;
    case oid(TypeId::timestamptz): return 1185;
    case oid(TypeId::jsonb): return 3807;
    default: return 0;
  }
}

std::string from_double(double value) {
  std::string bytes;
  append_int64(bytes, std::bit_cast<std::int64_t>(value));
  return bytes;
}

// Text of a number; empty when it is none.
std::optional<std::string> number_text(const PostgresField& field) {
  switch (field.type) {
    case oid(TypeId::int2):
    case oid(TypeId::int4):
    case oid(TypeId::int8):
    case types::object_id: return std::to_string(to_integer(field));
    case oid(TypeId::float4):
    case oid(TypeId::float8): {
      char text[64];
      const bool single = field.type == oid(TypeId::float4);
      const double value = to_real(field);
      const auto end = single ? std::to_chars(text, text + sizeof text, static_cast<float>(value)).ptr
                              : std::to_chars(text, text + sizeof text, value).ptr;
      return std::string(text, end);
    }
    case oid(TypeId::numeric): return numeric_text(field.bytes);
    default: return std::nullopt;
  }
}

std::string uuid_text(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
  }
  return out;
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string out = std::to_string(value);
  if (out.size() < width) out.insert(0, width - out.size(), '0');
  return out;
}

// ISO 8601 knows no years before 1 without an agreement, <chrono> none behind 32767.
std::string day_text(const PostgresField& field, std::chrono::sys_days days) {
  using namespace std::chrono;
  if (days < sys_days(year{1} / January / 1) || days > sys_days(year::max() / December / 31))
    does_not_fit(field, "a day between the years 1 and 32767");
  const year_month_day date(days);
  return padded(static_cast<int>(date.year()), 4) + "-" + padded(static_cast<unsigned>(date.month()), 2) + "-" +
         padded(static_cast<unsigned>(date.day()), 2);
}

// "2024-02-29T12:30:00.000001Z"
std::string time_text(const PostgresField& field, PostgresTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock(time - days);
  std::string out = day_text(field, days) + "T" + padded(clock.hours().count(), 2) + ":" +
                    padded(clock.minutes().count(), 2) + ":" + padded(clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) out += "." + padded(clock.subseconds().count(), 6);
  return out + "Z";
}

}  // namespace

// ---- to the server
// --------------------------------------------------------------------------------------------------------

PostgresValue::PostgresValue(bool value)
    : PostgresValue(oid(TypeId::boolean), std::string(1, value ? '\1' : '\0'), true) {}
PostgresValue::PostgresValue(float value) : PostgresValue(oid(TypeId::float4), {}, true) {
  append_int32(bytes_, std::bit_cast<std::int32_t>(value));
}
PostgresValue::PostgresValue(double value) : PostgresValue(oid(TypeId::float8), from_double(value), true) {}
PostgresValue::PostgresValue(std::string value) noexcept : PostgresValue(0, std::move(value), false) {}

PostgresValue::PostgresValue(PostgresTime value) : PostgresValue(oid(TypeId::timestamptz), {}, true) {
  append_int64(bytes_, (value - PostgresTime(year_2000)).count());
}
PostgresValue::PostgresValue(std::chrono::sys_days value) : PostgresValue(types::date, {}, true) {
  append_int32(bytes_, static_cast<std::int32_t>((value - year_2000).count()));
}
PostgresValue::PostgresValue(const PostgresBytes& value)
    : PostgresValue(oid(TypeId::bytea), std::string(reinterpret_cast<const char*>(value.data()), value.size()), true) {}

namespace postgres {

void append_field(std::string& out, const PostgresValue& value) {
  append_int32(out, value.is_null() ? -1 : static_cast<std::int32_t>(value.bytes().size()));
  out += value.bytes();
}

void append_field(std::string& out, std::string_view text) {
  append_int32(out, static_cast<std::int32_t>(text.size()));
  out += text;
}

namespace {

// Length and value at once: a table has many of them.
template <class Integer>
void append_number(std::string& out, Integer value) {
  constexpr std::size_t size = sizeof(Integer);
  char bytes[4 + size] = {0, 0, 0, size};
  const auto ordered = network_order(static_cast<std::make_unsigned_t<Integer>>(value));
  std::memcpy(bytes + 4, &ordered, size);
  out.append(bytes, 4 + size);
}

}  // namespace

void append_field(std::string& out, std::int64_t value, int size) {
  if (size == 8) return append_number(out, value);
  if (size == 4) return append_number(out, static_cast<std::int32_t>(value));
  append_number(out, static_cast<std::int16_t>(value));
}

void append_field(std::string& out, double value) { append_number(out, std::bit_cast<std::int64_t>(value)); }

void append_field(std::string& out, PostgresTime value) {
  append_number(out, static_cast<std::int64_t>((value - PostgresTime(year_2000)).count()));
}

}  // namespace postgres

PostgresValue PostgresValue::from_integer(std::int64_t value, int size) {
  PostgresValue out(oid(size == 2 ? TypeId::int2 : (size == 4 ? TypeId::int4 : TypeId::int8)), {}, true);
  if (size == 2) append_int16(out.bytes_, static_cast<std::int16_t>(value));
  if (size == 4) append_int32(out.bytes_, static_cast<std::int32_t>(value));
  if (size == 8) append_int64(out.bytes_, value);
  return out;
}

PostgresValue PostgresValue::from_unsigned(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw Error(errc::invalid_argument, "an integer above 2^63-1 is no int8; give it as a text for a numeric");
  return from_integer(static_cast<std::int64_t>(value), 8);
}

PostgresValue PostgresValue::from_json(const Json& value) {
  return {oid(TypeId::jsonb), "\1" + core::dump_json(value), true};
}

PostgresValue PostgresValue::from_array(std::uint32_t type, const std::vector<PostgresValue>& values) {
  const std::uint32_t array = array_of(type);
  if (array == 0) throw Error(errc::invalid_argument, "no array type is known for such elements");
  std::string bytes;
  append_int32(bytes, values.empty() ? 0 : 1);
  bool nulls = false;
  for (const auto& value : values) nulls = nulls || value.is_null();
  append_int32(bytes, nulls ? 1 : 0);
  append_int32(bytes, static_cast<std::int32_t>(type));
  if (!values.empty()) {
    append_int32(bytes, static_cast<std::int32_t>(values.size()));
    append_int32(bytes, 1);
  }
  for (const auto& value : values) {
    append_int32(bytes, value.is_null() ? -1 : static_cast<std::int32_t>(value.bytes().size()));
    bytes += value.bytes();
  }
  return {array, std::move(bytes), true};
}

// ---- from the server
// ------------------------------------------------------------------------------------------------------

namespace postgres {

void does_not_fit(const PostgresField& field, const char* wanted) {
  throw Error(errc::invalid_argument, "column \"" + std::string(field.column) + "\" is " +
                                          (field.null ? "NULL" : "of type " + std::to_string(field.type)) + ", not " +
                                          wanted);
}

bool to_boolean(const PostgresField& field) {
  if (field.null || field.type != oid(TypeId::boolean) || field.bytes.size() != 1) does_not_fit(field, "a boolean");
  return field.bytes[0] != 0;
}

std::int64_t to_integer(const PostgresField& field) {
  std::optional<std::int64_t> value;
  if (!field.null) {
    switch (field.type) {
      case oid(TypeId::int2): value = read_int16(field.bytes); break;
      case oid(TypeId::int4): value = read_int32(field.bytes); break;
      case oid(TypeId::int8): value = read_int64(field.bytes); break;
      case types::object_id:
        if (const auto id = read_int32(field.bytes)) value = static_cast<std::uint32_t>(*id);
        break;
      case oid(TypeId::numeric):
        if (auto text = numeric_text(field.bytes)) {
          const auto point = text->find('.');
          if (point != std::string::npos && text->find_first_not_of('0', point + 1) == std::string::npos)
            text->resize(point);
          std::int64_t number = 0;
          const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
          if (error == std::errc{} && end == text->data() + text->size()) value = number;
        }
        break;
      default: break;
    }
  }
  if (!value) does_not_fit(field, "an integer");
  return *value;
}

double to_real(const PostgresField& field) {
  if (!field.null) {
    if (field.type == oid(TypeId::float8))
      if (const auto bits = read_int64(field.bytes)) return std::bit_cast<double>(*bits);
    if (field.type == oid(TypeId::float4))
      if (const auto bits = read_int32(field.bytes)) return std::bit_cast<float>(*bits);
    if (field.type == oid(TypeId::numeric)) {
      if (const auto text = numeric_text(field.bytes)) {
        if (*text == "NaN") return std::numeric_limits<double>::quiet_NaN();
        double value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (end == text->data() + text->size() && error == std::errc{}) return value;
        if (text->ends_with("Infinity"))
          return (*text)[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
      }
    }
    if (field.type == oid(TypeId::int2) || field.type == oid(TypeId::int4) || field.type == oid(TypeId::int8)) {
      const auto number = to_integer(field);
      const auto value = static_cast<double>(number);
      // 2^63 itself, which the largest numbers are rounded to, is no int64.
      if (value >= 0x1p63 || static_cast<std::int64_t>(value) != number)
        does_not_fit(field, "a number that a double holds exactly");
      return value;
    }
  }
  does_not_fit(field, "a number");
}

std::string to_text(const PostgresField& field) {
  if (field.null) does_not_fit(field, "a text");
  if (auto number = number_text(field)) return std::move(*number);
  switch (field.type) {
    case oid(TypeId::boolean): return to_boolean(field) ? "true" : "false";
    case oid(TypeId::uuid):
      if (field.bytes.size() == 16) return uuid_text(field.bytes);
      break;
    case oid(TypeId::jsonb):
      if (const auto text = read_jsonb(field.bytes)) return std::string(*text);
      break;
    case types::date: return day_text(field, to_days(field));
    case types::timestamp:
    case oid(TypeId::timestamptz): return time_text(field, to_time(field));
    case oid(TypeId::bytea): break;
    default: {
      // Enums and types such as citext have their text as binary form; what holds a NUL byte or is no UTF-8 is
      // something else.
      if (field.bytes.find('\0') == std::string_view::npos && core::check_text(field.bytes) == core::TextFault::none)
        return std::string(field.bytes);
    }
  }
  does_not_fit(field, "of a type with a known text form; cast it in the statement (::text)");
}

Json to_json(const PostgresField& field) {
  if (!field.null && field.type == oid(TypeId::jsonb))
    if (const auto text = read_jsonb(field.bytes)) return core::parse_stored_json(*text);
  if (!field.null && field.type == oid(TypeId::json)) return core::parse_stored_json(field.bytes);
  does_not_fit(field, "JSON");
}

PostgresTime to_time(const PostgresField& field) {
  const bool time = field.type == oid(TypeId::timestamptz) || field.type == types::timestamp;
  const auto value = field.null || !time ? std::nullopt : read_int64(field.bytes);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  // The two ends are "infinity", which no clock shows.
  const std::int64_t offset = std::chrono::duration_cast<microseconds>(year_2000.time_since_epoch()).count();
  if (!value || *value == most || *value == least || *value > most - offset) does_not_fit(field, "a finite time");
  return PostgresTime(microseconds(*value + offset));
}

std::chrono::sys_days to_days(const PostgresField& field) {
  const auto value = field.null || field.type != types::date ? std::nullopt : read_int32(field.bytes);
  if (!value || *value == std::numeric_limits<std::int32_t>::max() ||
      *value == std::numeric_limits<std::int32_t>::min())
    does_not_fit(field, "a finite date");
  return year_2000 + std::chrono::days(*value);
}

PostgresBytes to_bytes(const PostgresField& field) {
  if (field.null || field.type != oid(TypeId::bytea)) does_not_fit(field, "bytea");
  PostgresBytes out(field.bytes.size());
  if (!out.empty()) std::memcpy(out.data(), field.bytes.data(), out.size());
  return out;
}

std::vector<PostgresField> to_elements(const PostgresField& field) {
  const auto bad = [&] { does_not_fit(field, "an array of one dimension"); };
  std::string_view rest = field.bytes;
  const auto take = [&]() -> std::int32_t {
    const auto value = read_int32(rest.substr(0, 4));
    if (!value) bad();
    rest.remove_prefix(4);
    return *value;
  };
  if (field.null) bad();
  const auto dimensions = take();
  const auto flags = take();
  if (dimensions < 0 || dimensions > 1 || (flags & ~1) != 0) bad();
  const auto element = static_cast<std::uint32_t>(take());
  std::vector<PostgresField> out;
  if (dimensions == 0) return out;
  const auto count = take();
  take();  // the first index
  for (std::int32_t i = 0; i < count; ++i) {
    PostgresField one;
    one.type = element;
    one.column = field.column;
    const auto size = take();
    if (size > static_cast<std::int64_t>(rest.size())) bad();
    if (size >= 0) {
      one.null = false;
      one.bytes = rest.substr(0, static_cast<std::size_t>(size));
      rest.remove_prefix(static_cast<std::size_t>(size));
    }
    out.push_back(one);
  }
  return out;
}

}  // namespace postgres
}  // namespace weir
