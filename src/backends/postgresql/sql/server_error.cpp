#include "backends/postgresql/sql/server_error.hpp"

#include <algorithm>
#include <array>

namespace weir::postgres {
namespace {

struct Row {
  std::string_view prefix;  // of the SQLSTATE; the first that fits counts
  errc code;
  bool transient;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html
constexpr Row rows[] = {
    {"08", errc::connection_lost, true},
    {"0A", errc::unsupported, false},
    {"2201B", errc::unsupported, false},  // a regular expression that is too complex
    {"22", errc::invalid_argument, false},
    {"23", errc::constraint_violation, false},
    {"25006", errc::unavailable, true},  // the server is no primary any longer
    {"25P02", errc::server_error, false},
    {"25P03", errc::connection_lost, true},
    {"26", errc::server_error, true},
    {"28", errc::authentication_failed, false},
    {"3D000", errc::not_found, false},
    {"3F000", errc::not_found, false},
    {"40001", errc::serialization_failure, true},
    {"40P01", errc::deadlock, true},
    {"40", errc::serialization_failure, true},
    {"42501", errc::permission_denied, false},
    {"42P01", errc::not_found, false},
    {"42703", errc::not_found, false},
    {"42", errc::invalid_query, false},
    {"53100", errc::storage_full, false},
    {"53", errc::unavailable, true},
    {"54", errc::too_large, false},
    {"55P03", errc::unavailable, true},
    {"55006", errc::unavailable, true},
    {"57014", errc::server_error, true},  // by an administrator: what we cancel ourselves is known before
    {"57P03", errc::unavailable, true},
    {"57P", errc::connection_lost, true},
    {"58030", errc::server_error, true},
    {"XX001", errc::corrupt_data, false},
    {"XX002", errc::corrupt_data, false},
};

// "duplicate key value" and "new row for relation" name constraints only; the texts of class 22 repeat the value.
bool may_hold_data(std::string_view state) noexcept { return state.starts_with("22") && state != "2201B"; }

constexpr bool is_code(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

bool contains(std::string_view text, std::string_view part) noexcept {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

Meaning meaning_of(std::string_view state, std::string_view constraint) noexcept {
  if (state == "23505" && constraint.ends_with("_pkey")) return {errc::already_exists, false};
  const auto row =
      std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return state.starts_with(r.prefix); });
  return row == std::end(rows) ? Meaning{errc::server_error, false} : Meaning{row->code, row->transient};
}

bool ends_the_pool(std::string_view state) noexcept {
  static constexpr std::array states{"25006", "57P01", "57P02", "57P03"};
  return std::any_of(states.begin(), states.end(), [&](std::string_view one) { return one == state; });
}

bool is_stale_statement(const ServerError& error) noexcept {
  return error.state == "26000" || error.state == "42P05" ||
         (error.state == "0A000" &&
          (error.source == "RevalidateCachedQuery" || contains(error.message, "cached plan")));
}

// The client's clock starts when the answer before has been read, which may be a little later than the server's.
bool is_by_timeout(const ServerError& error, std::chrono::nanoseconds running, std::chrono::milliseconds limit,
                   bool named) noexcept {
  if (error.state != "57014") return false;
  return named || (limit.count() > 0 && running >= limit / 2);
}

Error make_error(const ServerError& error) {
  const Meaning meaning = meaning_of(error.state, error.constraint);
  std::string text;
  if (meaning.code == errc::already_exists) {
    text = "the id is stored already";
  } else if (error.state == "57014" && (error.by_timeout || contains(error.message, "statement timeout"))) {
    return {errc::timeout, "statement_timeout of the server", ErrorContext{}.server_code(error.state), false};
  } else if (may_hold_data(error.state)) {
    text = "a value was refused";
  } else {
    text = error.message.empty() ? "the server gave no reason" : error.message;
  }
  if (!error.constraint.empty() && !contains(text, error.constraint)) text += " (constraint " + error.constraint + ")";
  if (!error.column.empty() && !contains(text, error.column)) text += " (column " + error.column + ")";
  return {meaning.code, std::move(text), ErrorContext{}.server_code(error.state), meaning.transient};
}

std::string_view find_state(std::string_view text) noexcept {
  for (std::size_t at = text.find(":  "); at != std::string_view::npos; at = text.find(":  ", at + 1)) {
    const auto code = text.substr(at + 3, 5);
    if (code.size() == 5 && std::all_of(code.begin(), code.end(), is_code) && text.substr(at + 8).starts_with(": "))
      return code;
  }
  return {};
}

Error connect_error(std::string_view given) {
  // Further lines tell the place in the server's source.
  std::string text(given.substr(0, given.find("\nLOCATION")));
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  const std::string state(find_state(given));
  ErrorContext context;
  context.server_code(state);
  if (!state.empty()) {
    Meaning meaning = meaning_of(state);
    if (meaning.code == errc::connection_lost) meaning = {errc::connect_failed, true};
    return {meaning.code, std::move(text), std::move(context), meaning.transient};
  }
  const bool certificate = contains(text, "certificate") || contains(text, "host name");
  if (certificate || contains(text, "SSL")) {
    const bool broken = !certificate && (contains(text, "SYSCALL") || contains(text, "closed unexpectedly"));
    return {errc::tls_failed, std::move(text), std::move(context), broken};
  }
  if (contains(text, "password") || contains(text, "authentication") || contains(text, "SASL") ||
      contains(text, "SCRAM"))
    return {errc::authentication_failed, std::move(text), std::move(context), false};
  if (contains(text, "session is") || contains(text, "hot standby"))
    return {errc::unavailable, std::move(text), std::move(context), true};
  return {errc::connect_failed, std::move(text), std::move(context), true};
}

}  // namespace weir::postgres
