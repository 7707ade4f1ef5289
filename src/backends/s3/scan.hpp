#pragma once

#include "backends/s3/record_store.hpp"
#include "backends/s3/scan_plan.hpp"
#include "core/project.hpp"

#include <weir/record_stream.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace weir::s3::detail {

/// Lists keys and fetches objects, many at once; the filter, the order and the page are the reference evaluator's.
///
/// Without an order it goes through the keys page by page. By id, all keys are listed first (the store's order is that
/// of the written keys), and objects are fetched in the ids' order until the page is full. By fields, all that matches
/// is held.
class ScanSource final : public RecordSource {
 public:
  ScanSource(StorePointer store, CallContext context, Query query, StreamOptions options, bool ordered,
             std::size_t concurrency);

  awaitable<std::vector<Record>> next_batch() override;

 private:
  /// A record that may match. The size is the object's, 0 when it is not known.
  struct Candidate {
    Candidate(std::string record_id, std::uint64_t object_size) : id(std::move(record_id)), size(object_size) {}
    std::string id;
    std::uint64_t size;
  };

  CallLimits limits() const;
  bool is_of_part(const std::string& id) const;
  void add_page(const ListPage& page);
  awaitable<void> more_keys();
  awaitable<void> all_keys();
  std::size_t chunk_size() const;
  /// The next candidates' records, those that match.
  awaitable<std::vector<Record>> fetch_some();
  awaitable<std::vector<Record>> sorted_whole();
  std::vector<Record> cut(std::vector<Record> records);
  std::vector<Record> take_sorted();

  const StorePointer store_;
  CallContext context_;
  const Query query_;
  const StreamOptions options_;
  const ScanPlan plan_;
  const std::size_t concurrency_;
  const bool part_first_;  ///< no page: candidates of other parts need not be looked at
  std::optional<core::Projection> projection_;

  std::deque<Candidate> candidates_;
  std::vector<std::string> prefixes_;  ///< of keys, still to be listed
  std::string continue_from_;
  bool begun_ = false;
  bool listed_ = false;
  std::size_t skipped_ = 0;
  std::size_t given_ = 0;
  bool sorted_ = false;
  std::deque<Record> result_;
};

/// How many match: from the listing alone where the filter asks for nothing but ids.
awaitable<std::uint64_t> count_records(StorePointer store, CallContext context, Query query, std::size_t concurrency);

}  // namespace weir::s3::detail
