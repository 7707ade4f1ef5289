#pragma once

#include "backends/memory/store.hpp"

#include <weir/backend.hpp>
#include <weir/options.hpp>
#include <weir/query.hpp>
#include <weir/record_stream.hpp>

namespace weir::memory {

/// A state of the store with a transaction's changes laid over it.
struct View {
  OrderedRecords::Snapshot records;
  Changes changes;
};

/// The query's result over the view, in batches. Each fetch has the time limit of the call anew.
RecordStream scan(View view, Query query, StreamOptions options, const CallContext& context);
/// The same in one piece; lets the loop run others now and then, and ends with `timeout` at the call's deadline.
awaitable<std::vector<Record>> search(View view, Query query, CallContext context);
awaitable<std::uint64_t> count(View view, Query query, CallContext context);

}  // namespace weir::memory
