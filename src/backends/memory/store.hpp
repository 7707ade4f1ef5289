#pragma once

#include "backends/memory/ordered_records.hpp"

#include <weir/backend.hpp>

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace weir::memory {

/// Writes that are not in the store yet; a null pointer removes.
using Changes = std::map<std::string, RecordPointer, std::less<>>;

/// What a transaction has seen, for the check at its commit.
struct ReadSet {
  std::unordered_map<std::string, std::string> versions;  ///< by id; "" was absent
  bool whole = false;  ///< a query was run: any later write may have changed its answer
};

/// The result of one write on the record it meets, without the store: shared by single writes and transactions.
struct Written {
  RecordPointer record;  ///< what is stored from now on; null = removed
  bool applied = false;  ///< false: the id is absent
};
/// Throws `already_exists` or `conflict`. `version` is given to what is stored.
Written apply(const Record* stored, WriteKind kind, Record&& record, const WriteOptions& options,
              std::uint64_t version);

/// The records of one database. Safe from any thread; every function is short, but for patches of large records.
class Store {
 public:
  struct State {
    OrderedRecords::Snapshot records;
    std::uint64_t version;
  };

  RecordPointer find(std::string_view id) const;
  bool write(WriteKind kind, Record&& record, const WriteOptions& options);
  /// All of them, or none: throws the first failure, with its place in the text. Gives the ids, "" for absent ones.
  std::vector<std::string> write_all(WriteKind kind, std::vector<Record> records);
  State snapshot();
  /// Stores the changes if nothing that the transaction saw has changed since `base`; throws `serialization_failure`.
  void commit(const Changes& changes, const ReadSet& reads, std::uint64_t base);
  std::size_t size() const;
  /// The version of a record that is about to be written, here or in a transaction: none is given twice.
  std::uint64_t next_stamp() noexcept { return stamp_.fetch_add(1, std::memory_order_relaxed) + 1; }

 private:
  RecordPointer find_locked(std::string_view id) const;
  void put(std::string_view id, RecordPointer record);

  mutable std::mutex mutex_;
  // The keys are the records' own ids. Point reads do not pay for the order.
  boost::unordered_flat_map<std::string_view, RecordPointer> by_id_;
  OrderedRecords ordered_;
  std::uint64_t version_ = 0;  ///< counts what was committed: equal means that nothing was written meanwhile
  std::atomic<std::uint64_t> stamp_{0};
};

}  // namespace weir::memory
