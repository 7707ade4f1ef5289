#pragma once

#include <weir/error.hpp>
#include <weir/options.hpp>
#include <weir/record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The _bulk API: requests as NDJSON, answers item by item. Pure.
namespace weir::elasticsearch {

/// The version of a document, to be given back with a conditional write.
struct SequenceNumber {
  std::int64_t number = 0;
  std::int64_t primary_term = 0;
  friend bool operator==(const SequenceNumber&, const SequenceNumber&) = default;
};
/// "number.term", which is the `version` of a record; none: it is no such text.
std::optional<SequenceNumber> parse_version(std::string_view version);
std::string to_version(const SequenceNumber& number);

/// The actions of one request, written as they come: no document object model in between.
class BulkRequest {
 public:
  enum class Action : std::uint8_t { index, create, remove };

  /// @param source the document as one line of JSON; not looked at for Action::remove
  /// @param item the caller's number for it
  void add(Action action, std::string_view id, std::string_view source, std::size_t item,
           const std::optional<SequenceNumber>& only_if = {});

  /// What is sent.
  const std::string& body() const noexcept { return body_; }
  std::size_t size() const noexcept { return items_.size(); }
  bool empty() const noexcept { return items_.empty(); }
  /// Whether it may be sent twice: nothing in it is but `index` without a condition.
  bool is_idempotent() const noexcept;
  /// The caller's number of the n-th item.
  std::size_t item(std::size_t n) const { return items_.at(n).item; }
  std::string_view id(std::size_t n) const { return items_.at(n).id; }
  Action action(std::size_t n) const { return items_.at(n).action; }
  /// A request of some of the items, in the same order.
  BulkRequest subset(std::span<const std::size_t> positions) const;
  /// The first half of the items and the second; a request of one item cannot be split.
  std::pair<BulkRequest, BulkRequest> halves() const;
  /// How many bytes an item takes beside its source and its id, at most.
  static constexpr std::size_t overhead = 128;

 private:
  struct Item {
    std::size_t begin;
    std::size_t end;
    std::size_t item;
    Action action;
    bool conditional;
    std::string id;
  };
  std::string body_;
  std::vector<Item> items_;
};

/// How one item ended.
struct BulkItem {
  enum class Outcome : std::uint8_t {
    done,
    absent,  ///< remove of what is not there
    again,   ///< the server had no room for it just now (429) or lost its shard (502, 503, 504)
    failed
  };
  Outcome outcome = Outcome::done;
  int status = 0;
  std::optional<SequenceNumber> version;
  std::string type;    ///< of the server's error
  std::string reason;  ///< the same for people; it can hold pieces of the document, so it goes into no error text
};

/// The items of an answer in the order of the request. Throws Error protocol_error when it is no answer to `request`.
std::vector<BulkItem> parse_bulk_answer(std::string_view text, const BulkRequest& request);
/// What a failed item is called. `create` of an id that exists is already_exists; 409 otherwise is conflict.
Error bulk_item_error(const BulkItem& item, BulkRequest::Action action);

/// The bytes at which a request is complete where `total` does not go into a single one of `most` bytes: then all are
/// of about one size, and their number is a multiple of how many are under way at once, so that none is left to run
/// alone at the end.
std::size_t even_share(std::size_t total, std::size_t most, std::size_t at_once) noexcept;

/// How much goes into one request: grows while the server takes it, shrinks when it is too large (413) or comes too
/// fast (429).
class BulkSize {
 public:
  BulkSize(std::size_t most_bytes, std::size_t most_items) noexcept
      : most_bytes_(most_bytes), most_items_(most_items), bytes_(most_bytes) {}

  /// One more item of that many bytes would be too much.
  bool is_full(const BulkRequest& request, std::size_t more) const noexcept {
    return !request.empty() && (request.size() >= most_items_ || request.body().size() + more > bytes_);
  }
  /// The server refused this many bytes: never again so many.
  void too_large(std::size_t bytes) noexcept;
  void throttled() noexcept;
  void accepted() noexcept;
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t least_bytes = 64 * 1024;
  std::size_t most_bytes_;
  std::size_t most_items_;
  std::size_t bytes_;
};

}  // namespace weir::elasticsearch
