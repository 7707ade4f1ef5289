#pragma once

#include "backends/elasticsearch/bulk.hpp"
#include "backends/elasticsearch/link.hpp"

#include <weir/options.hpp>
#include <weir/results.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace weir::elasticsearch {

/// One action of a batch.
struct BulkAction {
  BulkAction() = default;
  BulkRequest::Action action = BulkRequest::Action::index;
  std::string id;
  std::string source;
  std::size_t item = 0;  ///< the caller's number for it
  std::optional<SequenceNumber> only_if;
};

struct BulkSettings {
  BulkSettings() = default;
  bool collect = false;  ///< an item that fails does not end the batch
  bool retries = true;   ///< items that the server had no room for are sent again
  std::size_t most_items = 1000;
  std::size_t concurrency = 1;
  Refresh refresh = Refresh::none;
  TimePoint deadline = TimePoint::max();
};

struct BulkOutcome {
  BulkOutcome() = default;
  std::vector<std::size_t> done;  ///< items that were written or removed; the others failed or were absent
  std::vector<ItemError> errors;
};

/// Sends the actions as bulk requests of bounded size, several at a time. Actions on one id keep their order. What the
/// server had no room for (429, 503) is sent again after a pause, only that; a request that is too large for it (413)
/// is halved.
///
/// Without `collect` it throws the error of the first item that failed, and begins no further request. A request that
/// ended with an error of its own (the server is gone) ends the batch; with `collect` its items and those not sent yet
/// have that error.
awaitable<BulkOutcome> run_bulk(LinkPtr link, std::vector<BulkAction> actions, BulkSettings settings);

}  // namespace weir::elasticsearch
