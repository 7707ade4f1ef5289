#include "backends/elasticsearch/bulk.hpp"

#include "backends/elasticsearch/error.hpp"

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
  if (out.status >= 200 && out.status < 300)
    out.outcome = BulkItem::Outcome::done;
  else if (out.status == 404 && action == BulkRequest::Action::remove && out.type.empty())
    out.outcome = BulkItem::Outcome::absent;
  else if (out.status == 429 || out.status == 502 || out.status == 503 || out.status == 504)
    out.outcome = BulkItem::Outcome::again;
  else
    out.outcome = BulkItem::Outcome::failed;
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
  body_.append("{\"").append(name_of(action)).append("\":{\"_id\":").append(Json(id).dump());
  if (only_if) {
    body_.append(",\"if_seq_no\":").append(std::to_string(only_if->number));
    body_.append(",\"if_primary_term\":").append(std::to_string(only_if->primary_term));
  }
  body_ += "}}\n";
  if (action != Action::remove) body_.append(source).append("\n");
  items_.push_back({begin, body_.size(), item, action, std::string(id)});
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

void BulkSize::too_large(std::size_t bytes) noexcept {
  most_bytes_ = std::max(least_bytes, std::min(most_bytes_, bytes / 2));
  bytes_ = std::min(bytes_, most_bytes_);
}

void BulkSize::throttled() noexcept { bytes_ = std::max(std::min(least_bytes, most_bytes_), bytes_ / 2); }

void BulkSize::accepted() noexcept {
  bytes_ = std::min(most_bytes_, bytes_ + std::max<std::size_t>(1, most_bytes_ / 16));
}

}  // namespace weir::elasticsearch
