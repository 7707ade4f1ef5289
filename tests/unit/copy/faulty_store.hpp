#pragma once

#include <weir/backend.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace weir::test {

/// What a call to the store below meets.
enum class Fault {
  none,
  before,       ///< the call fails, nothing was done
  lost_answer,  ///< it was done, and the caller is told that the connection broke
  hang          ///< it waits until it is cancelled
};

/// The content of a store, and what goes wrong in it. Outlives every handle.
class FaultyData {
 public:
  std::mutex mutex;
  std::map<std::string, Record> records;
  /// Called with the number of each call (from 1); gives what it meets.
  std::function<Fault(std::uint64_t)> plan;
  /// Called with each item of a batch; an error fails this item alone.
  std::function<std::optional<Error>(const Record&)> item_fault;
  /// The error of Fault::before.
  std::optional<Error> error;
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> writes{0};  ///< records written, repetitions included
  std::atomic<std::uint64_t> batches{0};
  std::atomic<int> running{0};  ///< calls under way
  std::size_t largest_batch = 0;

  void fill(std::size_t count);
};

/// A backend that somebody else might write, registered as "faulty": `faulty:NAME` opens the data of that name.
/// Its calls suspend, its streams are cut by the store, and it knows no transactions.
std::shared_ptr<FaultyData> faulty_data(const std::string& name);
/// Registers the backend (again).
void register_faulty();

}  // namespace weir::test
