#pragma once

#include <weir/backend.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::policy {

/// What is left of a batch after each attempt, and what it comes to: pure.
///
/// With OnError::collect only items that failed and may pass are sent again. With OnError::stop, and for atomic
/// batches, all are, but for those of which a look at the store shows that they are there.
class BatchCourse {
 public:
  BatchCourse(WriteKind kind, std::vector<Record> records, const BatchOptions& options);

  /// The records of the next attempt.
  std::vector<Record> to_send() const;
  /// The attempt gave this. Returns the error on which it depends whether there is another one: the first that may
  /// pass, of an item that is still open.
  std::optional<Error> outcome(BatchResult result);
  /// The attempt ended with an error for all of it.
  void lost(const Error& error);
  /// There will be no further attempt: what is still open has failed.
  void give_up(unsigned attempts);

  /// Whether something has to be looked up before the next attempt, or before the end: places in the batch.
  const std::vector<std::size_t>& to_look_up() const { return doubtful_; }
  std::vector<std::string> ids_to_look_up() const;
  /// What is stored under those ids.
  void looked_up(const std::vector<std::optional<Record>>& stored);

  /// Nothing is open.
  bool done() const { return open_.empty(); }
  /// Whether repeating it is safe at all.
  bool repeatable() const;
  /// Whether it ends with a result when what is open cannot be written: items are collected, and of some the store said
  /// what became of them.
  bool has_result() const { return collect_ && heard_; }
  BatchResult take_result();

 private:
  void fail(std::size_t place, const Error& error);

  WriteKind kind_;
  bool collect_;
  bool atomic_;
  bool heard_ = false;
  std::vector<Record> records_;
  std::vector<std::string> ids_;  ///< of all of them
  std::vector<std::string> written_;
  std::vector<std::size_t> open_;      ///< sent, or to be sent
  std::vector<std::size_t> doubtful_;  ///< found stored, perhaps by an attempt whose answer was lost
  std::vector<std::optional<Error>> errors_;
  std::vector<std::optional<Error>> lost_;  ///< of each item: the failure that may have been applied
};

}  // namespace weir::policy
