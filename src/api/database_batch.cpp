#include "api/operation.hpp"
#include "api/write_preparation.hpp"
#include "core/record_weight.hpp"
#include "core/validate.hpp"

#include <weir/database.hpp>

#include <algorithm>

namespace weir {

using detail::HandlePointer;
using detail::Operation;

namespace {

constexpr std::size_t kept_errors = 100;

awaitable<BatchResult> batch_operation(HandlePointer handle, WriteKind kind, std::vector<Record> records,
                                       BatchOptions options) {
  const Operation operation(handle, detail::batch_name(kind));
  try {
    if (options.atomic() && !operation.capabilities().atomic_batch)
      throw Error(errc::unsupported, "the store has no atomic batches");
    detail::BatchPreparation preparation(kind, std::move(records), options);
    if (preparation.records().empty()) co_return preparation.finish({});
    WEIR_TAKE_TURNS();
    auto context = operation.context(options.timeout());
    auto result =
        co_await operation.backend().write_batch(std::move(context), kind, preparation.take(), std::move(options));
    co_return preparation.finish(std::move(result));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<std::vector<std::optional<Record>>> read_batch_operation(HandlePointer handle, std::vector<std::string> ids) {
  const Operation operation(handle, "read_batch");
  try {
    for (const auto& id : ids) core::validate_id(id);
    if (ids.empty()) co_return std::vector<std::optional<Record>>();
    WEIR_TAKE_TURNS();
    co_return co_await operation.backend().read_batch(operation.context(), std::move(ids));
  } catch (...) {
    operation.rethrow();
  }
}

/// A chunk's outcome, counted by what the caller wants done with ids that are stored already.
void tally(WriteStats& stats, BatchResult result, std::uint64_t first, const WriteStreamOptions& options) {
  stats.written += result.succeeded();
  for (auto& item : result.errors) {
    if (options.on_conflict() == OnConflict::skip && item.error.kind() == errc::already_exists) {
      ++stats.skipped;
      continue;
    }
    if (options.on_error() == OnError::stop)
      throw Error(item.error.kind(),
                  "record " + std::to_string(first + item.index) + ": " + std::string(item.error.message()) + "; " +
                      std::to_string(stats.written) + " were written",
                  item.error.context(), item.error.transient());
    ++stats.failed;
    item.index += first;
    if (stats.errors.size() < kept_errors) stats.errors.push_back(std::move(item));
  }
}

awaitable<WriteStats> write_stream_operation(HandlePointer handle, RecordStream records, WriteStreamOptions options) {
  const Operation operation(handle, "write");
  WriteStats stats;
  try {
    if (!records) throw Error(errc::invalid_argument, "the stream to write is empty");
    const std::size_t chunk = std::max<std::size_t>(options.chunk(), 1);
    const auto kind = options.on_conflict() == OnConflict::upsert ? WriteKind::upsert : WriteKind::create;
    const auto on_error = options.on_conflict() == OnConflict::skip || options.on_error() == OnError::collect
                              ? OnError::collect
                              : OnError::stop;
    std::uint64_t first = 0;
    for (bool more = true; more;) {
      std::vector<Record> batch;
      std::size_t bytes = 0;
      while (batch.size() < chunk && bytes < core::chunk_bytes) {
        auto record = co_await records.next();
        if (!record) {
          more = false;
          break;
        }
        bytes += core::record_weight(*record);
        batch.push_back(std::move(*record));
      }
      if (batch.empty()) break;
      const auto size = batch.size();
      BatchOptions batch_options;
      batch_options.on_error(on_error);
      auto result = co_await batch_operation(handle, kind, std::move(batch), std::move(batch_options));
      tally(stats, std::move(result), first, options);
      first += size;
    }
    co_await records.close();
  } catch (...) {
    operation.rethrow();
  }
  co_return stats;
}

}  // namespace

awaitable<BatchResult> AsyncDatabase::create_batch(std::vector<Record> records, BatchOptions options) const {
  return batch_operation(handle_, WriteKind::create, std::move(records), std::move(options));
}
awaitable<BatchResult> AsyncDatabase::upsert_batch(std::vector<Record> records, BatchOptions options) const {
  return batch_operation(handle_, WriteKind::upsert, std::move(records), std::move(options));
}
awaitable<BatchResult> AsyncDatabase::remove_batch(std::vector<std::string> ids, BatchOptions options) const {
  return batch_operation(handle_, WriteKind::remove, detail::id_records(std::move(ids)), std::move(options));
}
awaitable<std::vector<std::optional<Record>>> AsyncDatabase::read_batch(std::vector<std::string> ids) const {
  return read_batch_operation(handle_, std::move(ids));
}
awaitable<WriteStats> AsyncDatabase::write(RecordStream records, WriteStreamOptions options) const {
  return write_stream_operation(handle_, std::move(records), std::move(options));
}

}  // namespace weir
