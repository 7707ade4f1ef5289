#include "backends/elasticsearch/link.hpp"

#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/error.hpp"
#include "backends/elasticsearch/requests.hpp"

#include <utility>

namespace weir::elasticsearch {
namespace {

// How often a race for a new field is run again before its error is told.
constexpr int most_tries = 4;

Call reading(std::string method, std::string target, TimePoint deadline) {
  Call call(std::move(method), std::move(target));
  call.idempotent = true;
  call.writes = false;
  call.deadline = deadline;
  return call;
}

awaitable<Product> ask_product(LinkPtr link, TimePoint deadline) {
  auto call = reading("GET", "/", deadline);
  const auto response = co_await link->transport->send(std::move(call));
  auto header = response.headers.find("X-Elastic-Product");
  if (response.status == 401 || response.status >= 500) throw response_error(response, false);
  co_return read_product(response.status, header, response.body.view());
}

awaitable<std::optional<Mapping>> ask_mapping(LinkPtr link, TimePoint deadline) {
  auto call = reading("GET", link->index_target + "/_mapping", deadline);
  const auto response = co_await ask(link, std::move(call), 404);
  if (response.status == 404) co_return std::nullopt;
  const auto answer = parse_answer(response.body.view());
  co_return Mapping::parse(answer, link->settings.text_paths, link->settings.key_field);
}

awaitable<void> create_index(LinkPtr link, TimePoint deadline) {
  Call call("PUT", link->index_target);
  call.body = Mapping::create_index_body().dump();
  call.deadline = deadline;
  call.idempotent = true;
  const auto response = co_await link->transport->send(std::move(call));
  if (response.status >= 200 && response.status < 300) co_return;
  // Another process was first.
  const auto error = read_error(Json::parse(response.body.view(), nullptr, false));
  if (error.type == "resource_already_exists_exception") co_return;
  throw response_error(response, true);
}

Known known_of(Product product, Mapping mapping) {
  Known out;
  out.product = std::move(product);
  out.mapping = std::make_shared<const Mapping>(std::move(mapping));
  return out;
}

}  // namespace

Link::Link(Settings all)
    : settings(std::move(all)),
      index_target("/" + encode_segment(settings.index)),
      transport(std::make_shared<Transport>(settings)) {}

std::optional<Known> Link::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

void Link::set(Known known) {
  const std::lock_guard lock(mutex_);
  known_ = std::move(known);
}

Known Link::add(const std::vector<NewField>& fields) {
  const std::lock_guard lock(mutex_);
  auto mapping = std::make_shared<Mapping>(*known_->mapping);
  mapping->add(fields);
  known_->mapping = std::move(mapping);
  return *known_;
}

awaitable<http::Response> ask(LinkPtr link, Call call, int also) {
  const bool writes = call.writes;
  auto response = co_await link->transport->send(std::move(call));
  const bool good = (response.status >= 200 && response.status < 300) || response.status == also;
  if (!good) throw response_error(response, writes);
  co_return response;
}

awaitable<Known> read_again(LinkPtr link, TimePoint deadline) {
  auto known = link->known();
  Product product;
  if (known)
    product = std::move(known->product);
  else
    product = co_await ask_product(link, deadline);
  auto mapping = co_await ask_mapping(link, deadline);
  if (!mapping) {
    if (!link->settings.may_create)
      throw Error(errc::not_found, "the index " + link->settings.index + " is not there, and create_if_missing is off");
    co_await create_index(link, deadline);
    mapping = co_await ask_mapping(link, deadline);
    if (!mapping) throw Error(errc::not_found, "the index " + link->settings.index + " was removed just now");
  }
  auto out = known_of(std::move(product), std::move(*mapping));
  link->set(out);
  co_return out;
}

awaitable<Known> open_index(LinkPtr link, TimePoint deadline) {
  auto known = link->known();
  if (known) co_return std::move(*known);
  co_return co_await read_again(std::move(link), deadline);
}

awaitable<Known> open_index_for(LinkPtr link, Query query, TimePoint deadline) {
  auto known = co_await open_index(link, deadline);
  if (known.mapping->knows(query)) co_return known;
  co_return co_await read_again(std::move(link), deadline);
}

awaitable<Known> put_fields(LinkPtr link, std::vector<NewField> fields, TimePoint deadline) {
  Call call("PUT", link->index_target + "/_mapping");
  call.body = Mapping::put_mapping_body(fields).dump();
  call.deadline = deadline;
  call.idempotent = true;
  const auto response = co_await link->transport->send(std::move(call));
  if (response.status >= 200 && response.status < 300) co_return link->add(fields);
  if (response.status != 400 && response.status != 404) throw response_error(response, false);
  const auto failure = response_error(response, false);
  auto known = co_await read_again(link, deadline);
  // Nothing changed: it was no race.
  for (const auto& field : fields) {
    const auto* const now = known.mapping->find(Path(field.keys));
    if (now != nullptr && now->kind == field.kind) continue;
    if (now == nullptr && response.status == 400) throw failure;
  }
  co_return known;
}

awaitable<std::string> source_of(LinkPtr link, Record record, TimePoint deadline) {
  auto known = co_await open_index(link, deadline);
  for (int tries = 0;; ++tries) {
    auto checked = known.mapping->check(record.fields);
    if (checked.missing.empty() || !known.mapping->ours())
      co_return make_source(*known.mapping, record, checked, link->settings.key_field);
    if (tries == most_tries) throw Error(errc::conflict, "the fields of the index change faster than they can be read");
    known = co_await put_fields(link, std::move(checked.missing), deadline);
  }
}

}  // namespace weir::elasticsearch
