#include "backends/elasticsearch/bulk.hpp"

#include "backends/elasticsearch/error.hpp"
#include "core/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::elasticsearch {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

std::string_view name_of(BulkRequest::Action action) {
  switch (action) {
    case BulkRequest::Action::index: return "index";
    case BulkRequest::Action::create: return "create";
    case BulkRequest::Action::remove: return "delete";
  }
  return "index";
}

BulkItem::Outcome outcome_of(int status, BulkRequest::Action action, bool has_error) {
  if (status >= 200 && status < 300) return BulkItem::Outcome::done;
  if (status == 404 && action == BulkRequest::Action::remove && !has_error) return BulkItem::Outcome::absent;
  const bool again = status == 429 || status == 502 || status == 503 || status == 504;
  return again ? BulkItem::Outcome::again : BulkItem::Outcome::failed;
}

// The answer to most requests, to the letter, as `filter_path` leaves it: nothing went wrong, and of each item there is
// the status only. Read without a document object model: a request can have tens of thousands of items. None: it is
// another text, which says nothing about it.
std::optional<std::vector<BulkItem>> read_plain_answer(std::string_view text, const BulkRequest& request) {
  const auto skip = [&text](std::string_view wanted) {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    return true;
  };
  if (!skip("{\"errors\":false,\"items\":[")) return std::nullopt;
  std::vector<BulkItem> out;
  out.reserve(request.size());
  for (std::size_t i = 0; i < request.size(); ++i) {
    const auto action = request.action(i);
    if ((i != 0 && !skip(",")) || !skip("{\"") || !skip(name_of(action)) || !skip("\":{\"status\":"))
      return std::nullopt;
    BulkItem item;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), item.status);
    if (error != std::errc{} || item.status < 100 || item.status > 599) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!skip("}}")) return std::nullopt;
    item.outcome = outcome_of(item.status, action, false);
    out.push_back(std::move(item));
  }
  if (text != "]}") return std::nullopt;
  return out;
}

BulkItem read_item(const Json& entry, BulkRequest::Action action) {
  const auto found = entry.is_object() ? entry.find(std::string(name_of(action))) : entry.end();
  if (!entry.is_object() || found == entry.end() || !found->is_object())
    throw Error(errc::protocol_error, "an item of the _bulk answer is not the action that was asked for");
  const auto status = found->find("status");
  if (status == found->end() || !status->is_number_integer())
    throw Error(errc::protocol_error, "an item of the _bulk answer has no status");
  BulkItem out;
  out.status = status->get<int>();
  const auto number = found->find("_seq_no"), term = found->find("_primary_term");
  if (number != found->end() && term != found->end() && number->is_number_integer() && term->is_number_integer())
    out.version = SequenceNumber{number->get<std::int64_t>(), term->get<std::int64_t>()};
  const auto error = read_error(*found);
  out.type = error.type;
  out.reason = error.reason;
  out.outcome = outcome_of(out.status, action, !out.type.empty());
  return out;
}

}  // namespace

std::optional<SequenceNumber> parse_version(std::string_view version) {
  const auto dot = version.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto number = whole_number(version.substr(0, dot)), term = whole_number(version.substr(dot + 1));
  if (!number || !term) return std::nullopt;
  return SequenceNumber{*number, *term};
}

std::string to_version(const SequenceNumber& number) {
  return std::to_string(number.number) + '.' + std::to_string(number.primary_term);
}

void BulkRequest::add(Action action, std::string_view id, std::string_view source, std::size_t item,
                      const std::optional<SequenceNumber>& only_if) {
  const auto begin = body_.size();
  body_.append("{\"").append(name_of(action)).append("\":{\"_id\":");
  core::append_json_string(body_, id);
  if (only_if) {
    body_.append(",\"if_seq_no\":").append(std::to_string(only_if->number));
    body_.append(",\"if_primary_term\":").append(std::to_string(only_if->primary_term));
  }
  body_ += "}}\n";
  if (action != Action::remove) body_.append(source).append("\n");
  items_.push_back({begin, body_.size(), item, action, only_if.has_value(), std::string(id)});
}

bool BulkRequest::is_idempotent() const noexcept {
  return std::ranges::all_of(items_,
                             [](const Item& item) { return item.action == Action::index && !item.conditional; });
}

BulkRequest BulkRequest::subset(std::span<const std::size_t> positions) const {
  BulkRequest out;
  for (const auto position : positions) {
    auto item = items_.at(position);
    const auto begin = out.body_.size();
    out.body_.append(body_, item.begin, item.end - item.begin);
    item.begin = begin;
    item.end = out.body_.size();
    out.items_.push_back(std::move(item));
  }
  return out;
}

std::pair<BulkRequest, BulkRequest> BulkRequest::halves() const {
  if (size() < 2) throw Error(errc::too_large, "one record alone is more than the server takes in a request");
  std::vector<std::size_t> all(size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const std::span<const std::size_t> positions(all);
  const auto middle = all.size() / 2;
  return {subset(positions.first(middle)), subset(positions.subspan(middle))};
}

std::vector<BulkItem> parse_bulk_answer(std::string_view text, const BulkRequest& request) {
  if (auto plain = read_plain_answer(text, request)) return std::move(*plain);
  const auto answer = Json::parse(text, nullptr, false);
  const auto items = answer.is_object() ? answer.find("items") : answer.end();
  if (!answer.is_object() || items == answer.end() || !items->is_array())
    throw Error(errc::protocol_error, "the answer to _bulk has no items");
  if (items->size() != request.size())
    throw Error(errc::protocol_error,
                "the answer to _bulk has " + std::to_string(items->size()) + " items for " +
                    std::to_string(request.size()) + " actions",
                ErrorContext{}.maybe_applied(true));
  std::vector<BulkItem> out;
  out.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) out.push_back(read_item((*items)[i], request.action(i)));
  return out;
}

Error bulk_item_error(const BulkItem& item, BulkRequest::Action action) {
  ServerError error;
  error.type = item.type;
  error.reason = item.reason;
  const auto made = error_of(item.status, error);
  if (made.kind() == errc::conflict && action == BulkRequest::Action::create)
    return {errc::already_exists, "the id is stored already", made.context()};
  return made;
}

std::size_t even_share(std::size_t total, std::size_t most, std::size_t at_once) noexcept {
  const auto divided = [](std::size_t a, std::size_t b) { return (a + b - 1) / b; };
  if (total <= most || most < 64 || at_once == 0) return most;
  // No request is filled to the last byte.
  const auto least = divided(total, most - most / 64);
  return divided(total, divided(least, at_once) * at_once);
}

void BulkSize::too_large(std::size_t bytes) noexcept {
  most_bytes_ = std::max(least_bytes, std::min(most_bytes_, bytes / 2));
  bytes_ = std::min(bytes_, most_bytes_);
}

void BulkSize::throttled() noexcept { bytes_ = std::max(std::min(least_bytes, most_bytes_), bytes_ / 2); }

void BulkSize::accepted() noexcept {
  bytes_ = std::min(most_bytes_, bytes_ + std::max<std::size_t>(1, most_bytes_ / 16));
}

}  // namespace weir::elasticsearch
