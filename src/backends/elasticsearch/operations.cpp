// Operations on one record, and what is asked of the server as a whole.
#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/backend.hpp"
#include "backends/elasticsearch/error.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "core/merge_patch.hpp"

#include <utility>

namespace weir::elasticsearch {
namespace {

using Clock = std::chrono::steady_clock;

// A conditional write that loses against others is made again; each time at least one of them has won.
constexpr int most_conflicts = 1'000;

std::string document_target(const Link& link, std::string_view id) {
  return link.index_target + "/_doc/" + encode_segment(id);
}

Call get_call(const Link& link, std::string_view id, TimePoint deadline, bool source) {
  Call call("GET", document_target(link, id) + (source ? "" : "?_source=false"));
  call.idempotent = true;
  call.writes = false;
  call.deadline = deadline;
  return call;
}

// A 404 is an absent document only where the store says so in its own words; a gateway's is none.
void require_absence(const http::Response& response) {
  const auto answer = Json::parse(response.body.view(), nullptr, false);
  const bool absent = answer.is_object() && (answer.value("found", Json()) == Json(false) ||
                                             answer.value("result", Json()) == Json("not_found"));
  if (!absent) throw response_error(response, false);
}

// A stored document, or none.
awaitable<std::optional<Record>> fetch(LinkPtr link, std::string id, TimePoint deadline, bool source) {
  auto known = co_await open_index(link, deadline);
  auto call = get_call(*link, id, deadline, source);
  const auto response = co_await ask(link, std::move(call), 404);
  if (response.status == 404) {
    require_absence(response);
    co_return std::nullopt;
  }
  auto answer = parse_answer(response.body.view());
  co_return read_document(*known.mapping, answer);
}

std::string condition(const SequenceNumber& number, const std::string& refresh) {
  return query_string({{"if_seq_no", std::to_string(number.number)},
                       {"if_primary_term", std::to_string(number.primary_term)},
                       {"refresh", refresh}});
}

Error version_differs() { return {errc::conflict, "the stored version is another one"}; }

// False: the server says 409.
awaitable<bool> put_document(LinkPtr link, std::string target, std::string source, bool idempotent,
                             TimePoint deadline) {
  Call call("PUT", std::move(target));
  call.body = std::move(source);
  call.idempotent = idempotent;
  call.deadline = deadline;
  const auto response = co_await ask(link, std::move(call), 409);
  co_return response.status != 409;
}

awaitable<bool> create_document(LinkPtr link, Record record, std::string refresh, TimePoint deadline) {
  auto target = link->index_target + "/_create/" + encode_segment(record.id) + query_string({{"refresh", refresh}});
  auto source = co_await source_of(link, std::move(record), deadline);
  const bool done = co_await put_document(link, std::move(target), std::move(source), false, deadline);
  if (!done) throw Error(errc::already_exists, "the id is stored already");
  co_return true;
}

awaitable<bool> replace_document(LinkPtr link, Record record, std::string refresh, TimePoint deadline) {
  auto target = document_target(*link, record.id) + query_string({{"refresh", refresh}});
  auto source = co_await source_of(link, std::move(record), deadline);
  co_await put_document(link, std::move(target), std::move(source), true, deadline);
  co_return true;
}

// What comes of a write whose condition did not hold: false when the id is absent, else `conflict`.
awaitable<bool> refused(LinkPtr link, std::string id, WriteKind kind, TimePoint deadline) {
  if (kind == WriteKind::upsert) throw version_differs();
  const auto stored = co_await fetch(link, std::move(id), deadline, false);
  if (stored) throw version_differs();
  co_return false;
}

awaitable<bool> replace_version(LinkPtr link, Record record, WriteKind kind, std::string version, std::string refresh,
                                TimePoint deadline) {
  const auto number = parse_version(version);
  if (number) {
    auto target = document_target(*link, record.id) + condition(*number, refresh);
    auto source = co_await source_of(link, record, deadline);
    const bool done = co_await put_document(link, std::move(target), std::move(source), false, deadline);
    if (done) co_return true;
  }
  co_return co_await refused(link, std::move(record.id), kind, deadline);
}

// update and patch: read, change, write what was read; again when somebody else was faster.
awaitable<bool> change_document(LinkPtr link, Record change, WriteKind kind, std::optional<std::string> version,
                                std::string refresh, TimePoint deadline) {
  const bool merges = kind == WriteKind::patch;
  for (int tries = 0; tries < most_conflicts; ++tries) {
    auto stored = co_await fetch(link, change.id, deadline, merges);
    if (!stored) co_return false;
    if (version && stored->version != *version) throw version_differs();
    const auto number = parse_version(stored->version);
    if (!number) throw Error(errc::protocol_error, "the answer holds a document without its version");
    if (merges)
      core::merge_patch(stored->fields, change.fields);
    else
      stored = change;
    auto target = document_target(*link, change.id) + condition(*number, refresh);
    auto source = co_await source_of(link, std::move(*stored), deadline);
    const bool done = co_await put_document(link, std::move(target), std::move(source), false, deadline);
    if (done) co_return true;
    if (Clock::now() >= deadline) break;
  }
  throw Error(errc::timeout, "others changed the record again and again");
}

awaitable<bool> remove_document(LinkPtr link, std::string id, std::optional<std::string> version, std::string refresh,
                                TimePoint deadline) {
  co_await open_index(link, deadline);
  std::optional<SequenceNumber> number;
  if (version) {
    number = parse_version(*version);
    if (!number) co_return co_await refused(link, std::move(id), WriteKind::remove, deadline);
  }
  Call call("DELETE",
            document_target(*link, id) + (number ? condition(*number, refresh) : query_string({{"refresh", refresh}})));
  call.deadline = deadline;
  const auto response = co_await link->transport->send(std::move(call));
  if (response.status == 404) {
    require_absence(response);
    co_return false;
  }
  if (response.status == 409 && number) co_return co_await refused(link, std::move(id), WriteKind::remove, deadline);
  if (response.status < 200 || response.status >= 300) throw response_error(response, true);
  co_return true;
}

}  // namespace

std::string refresh_parameter(Refresh refresh) {
  switch (refresh) {
    case Refresh::wait: return "wait_for";
    case Refresh::now: return "true";
    default: return {};
  }
}

Refresh refresh_of(const Link& link, Refresh asked, Refresh otherwise) {
  if (asked != Refresh::automatic) return asked;
  return link.settings.refresh != Refresh::automatic ? link.settings.refresh : otherwise;
}

awaitable<void> refresh_index(LinkPtr link, TimePoint deadline) {
  Call call("POST", link->index_target + "/_refresh");
  call.idempotent = true;
  call.writes = false;
  call.deadline = deadline;
  co_await ask(link, std::move(call));
}

awaitable<std::optional<Record>> read_one(LinkPtr link, CallContext context, std::string id) {
  return fetch(std::move(link), std::move(id), context.deadline, true);
}

awaitable<bool> exists_one(LinkPtr link, CallContext context, std::string id) {
  const auto found = co_await fetch(std::move(link), std::move(id), context.deadline, false);
  co_return found.has_value();
}

awaitable<bool> write_one(LinkPtr link, CallContext context, WriteKind kind, Record record, WriteOptions options) {
  auto refresh = refresh_parameter(refresh_of(*link, options.refresh(), Refresh::wait));
  const auto deadline = context.deadline;
  const auto& version = options.if_version();
  switch (kind) {
    case WriteKind::create: return create_document(std::move(link), std::move(record), std::move(refresh), deadline);
    case WriteKind::upsert:
      if (version)
        return replace_version(std::move(link), std::move(record), kind, *version, std::move(refresh), deadline);
      return replace_document(std::move(link), std::move(record), std::move(refresh), deadline);
    case WriteKind::update:
      if (version)
        return replace_version(std::move(link), std::move(record), kind, *version, std::move(refresh), deadline);
      break;
    case WriteKind::patch: break;
    case WriteKind::remove:
      return remove_document(std::move(link), std::move(record.id), version, std::move(refresh), deadline);
  }
  return change_document(std::move(link), std::move(record), kind, version, std::move(refresh), deadline);
}

awaitable<Health> ask_health(LinkPtr link, CallContext context) {
  Health health;
  const auto begin = Clock::now();
  try {
    Call call("GET", "/");
    call.idempotent = true;
    call.writes = false;
    call.deadline = context.deadline;
    const auto response = co_await link->transport->send(std::move(call));
    const auto product =
        read_product(response.status, response.headers.find("X-Elastic-Product"), response.body.view());
    health.reachable = true;
    health.product = product.name;
    health.version = product.version;
  } catch (const Error& error) {
    if (error.kind() == errc::cancelled || error.kind() == errc::pool_closed) throw;
    health.error = std::string(error.message());
  }
  health.round_trip = Clock::now() - begin;
  health.endpoint = link->settings.endpoint;
  co_return health;
}

}  // namespace weir::elasticsearch
