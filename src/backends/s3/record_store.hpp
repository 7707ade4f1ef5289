#pragma once

#include "backends/s3/session.hpp"

#include <weir/backend.hpp>
#include <weir/query.hpp>
#include <weir/s3.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::s3::detail {

/// How long one call may take, and how often it is repeated.
class CallLimits {
 public:
  CallLimits() = default;
  explicit CallLimits(const CallContext& context) : retry(context.retry) {
    if (context.deadline != std::chrono::steady_clock::time_point::max()) deadline = context.deadline;
  }
  template <class Options>
  void apply(Options& options) const {
    options.deadline(deadline);
    options.retry(retry);
  }

  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::optional<RetryOptions> retry;
};

/// The records of one database: objects of a bucket under a prefix. The bucket is made when an operation finds that it
/// is not there.
struct RecordStore : std::enable_shared_from_this<RecordStore> {
  RecordStore(Client through, std::string key_prefix, bool create);

  const Client client;
  const std::string prefix;
  const bool create_if_missing;
  /// Something that only a bucket can answer was answered.
  mutable std::atomic<bool> bucket_seen{false};

  std::string key_of(std::string_view id) const;
  std::optional<std::string> id_of(std::string_view key) const;
};
using StorePointer = std::shared_ptr<const RecordStore>;

/// The head of a record's object.
class RecordHead {
 public:
  RecordHead() = default;
  bool present = false;  ///< there is an object of that key
  bool removed = false;  ///< it stands for a removed record
  bool foreign = false;  ///< it is somebody else's
  std::string version;
  bool is_record() const noexcept { return present && !removed && !foreign; }
};

awaitable<std::optional<Record>> read_record(StorePointer store, CallLimits limits, std::string id);
awaitable<RecordHead> look_at(StorePointer store, CallLimits limits, std::string id);
awaitable<bool> write_record(StorePointer store, CallLimits limits, WriteKind kind, Record record,
                             std::optional<std::string> if_version);
/// Changes or removes the record only as long as it matches: one that somebody else has written since it was found is
/// looked at again. @param found the record as it was found, `fields` the patch
awaitable<bool> write_matching(StorePointer store, CallLimits limits, WriteKind kind, Record found, Query query);
awaitable<ListPage> list_keys(StorePointer store, CallLimits limits, std::string key_prefix, std::string continue_from);

/// `connect_failed`, `permission_denied`, … when the bucket cannot be used; `not_found` when it is not there and is not
/// to be made.
awaitable<void> ensure_bucket(StorePointer store);

}  // namespace weir::s3::detail
