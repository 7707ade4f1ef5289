#include "backends/elasticsearch/error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::elasticsearch {
namespace {

struct Named {
  std::string_view type;
  errc code;
  std::string_view text;
};

// Where the type says more than the status.
constexpr std::array<Named, 16> by_type{{
    {"version_conflict_engine_exception", errc::conflict, "the stored version is another one"},
    {"index_not_found_exception", errc::not_found, "the index is not there"},
    {"resource_already_exists_exception", errc::already_exists, "it is there already"},
    {"mapper_parsing_exception", errc::invalid_argument, "a field does not fit the index's mapping"},
    {"document_parsing_exception", errc::invalid_argument, "a field does not fit the index's mapping"},
    {"strict_dynamic_mapping_exception", errc::invalid_argument, "the index takes no new fields"},
    {"illegal_argument_exception", errc::invalid_argument, "the server refuses an argument"},
    {"es_rejected_execution_exception", errc::throttled, "the server's queue is full"},
    {"rejected_execution_exception", errc::throttled, "the server's queue is full"},
    {"circuit_breaking_exception", errc::throttled, "the server has no memory for it just now"},
    {"cluster_block_exception", errc::permission_denied, "the index is blocked"},
    {"security_exception", errc::permission_denied, "the server refuses"},
    {"search_phase_execution_exception", errc::invalid_query, "the search cannot be run"},
    {"too_many_clauses", errc::unsupported, "the filter has more conditions than the server takes"},
    {"too_many_nested_clauses", errc::unsupported, "the filter has more conditions than the server takes"},
    {"too_complex_to_determinize_exception", errc::unsupported, "the pattern is too complex for the server"},
}};

}  // namespace

ServerError read_error(const Json& answer) {
  ServerError out;
  if (!answer.is_object()) return out;
  const auto found = answer.find("error");
  if (found == answer.end()) return out;
  if (found->is_string()) out.reason = found->get<std::string>();
  if (!found->is_object()) return out;
  const auto text = [](const Json& from, const char* name) {
    const auto value = from.find(name);
    return value != from.end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  out.type = text(*found, "type");
  out.reason = text(*found, "reason");
  const auto causes = found->find("root_cause");
  if (causes != found->end() && causes->is_array() && !causes->empty() && causes->front().is_object() &&
      out.type == "search_phase_execution_exception") {
    if (const auto cause = text(causes->front(), "type"); !cause.empty()) out.type = cause;
    if (const auto reason = text(causes->front(), "reason"); !reason.empty()) out.reason = reason;
  }
  return out;
}

Error error_of(int status, const ServerError& error) {
  errc code = errc::invalid_argument;
  std::string text = "the server answered with status " + std::to_string(status);
  if (status == 401) {
    code = errc::authentication_failed;
  } else if (status == 403) {
    code = errc::permission_denied;
  } else if (status == 404) {
    code = errc::not_found;
  } else if (status == 408) {
    code = errc::timeout;
  } else if (status == 409) {
    code = errc::conflict;
  } else if (status == 413) {
    code = errc::too_large;
  } else if (status == 429) {
    code = errc::throttled;
  } else if (status == 502 || status == 503 || status == 504) {
    code = errc::unavailable;
  } else if (status >= 500) {
    code = errc::server_error;
  }
  const auto named = std::ranges::find(by_type, std::string_view(error.type), &Named::type);
  if (named != by_type.end() && status != 401) {
    code = named->code;
    text += ": " + std::string(named->text);
  }
  // A pattern that is too much for Lucene comes as an argument that is refused.
  const std::string_view reason(error.reason);
  if (reason.find("Determinizing automaton") != std::string_view::npos ||
      reason.find("input automaton is too large") != std::string_view::npos) {
    code = errc::unsupported;
    text = "the pattern is too complex for the server";
  }
  if (reason.find("maximum nested depth") != std::string_view::npos) {
    code = errc::unsupported;
    text = "the filter is nested deeper than the server takes";
  }
  return {code, std::move(text), ErrorContext{}.server_code(error.type.empty() ? std::to_string(status) : error.type)};
}

}  // namespace weir::elasticsearch
