#pragma once

/// @file
/// The Elasticsearch backend's own handle: any request of the server's, on the same nodes and connections.

#include <weir/awaitable.hpp>
#include <weir/error.hpp>
#include <weir/export.hpp>
#include <weir/http_message.hpp>
#include <weir/record.hpp>
#include <weir/record_stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

namespace elasticsearch {
struct Link;
/// Makes `elasticsearch:` and `opensearch:` URLs work. weir::weir calls it; programs that link weir::elasticsearch by
/// itself call it once.
WEIR_API void install();
}  // namespace elasticsearch

/// What the server says it is.
struct ElasticsearchProduct {
  std::string name;     ///< "elasticsearch" or "opensearch"
  std::string version;  ///< "8.19.4"; empty when the server does not tell
};

/// The server behind a handle: `db.native<weir::ElasticsearchDatabase>()`.
///
/// *Thread safety*: as AsyncDatabase; copies are the same database. *Executor*, *cancellation*: as every operation.
/// *Errors*: weir::Error with the server's error type as `server_code()`; texts hold nothing of the documents.
class WEIR_API ElasticsearchDatabase {
 public:
  explicit ElasticsearchDatabase(std::shared_ptr<elasticsearch::Link> link);

  /// The same with a time limit for each call; without one, the option `timeout` holds.
  ElasticsearchDatabase with_timeout(std::chrono::milliseconds timeout) const;

  /// Any request to whichever node is there, with the handle's credentials. Every status is an answer.
  /// @param target path and query, "/_cat/indices?format=json"; `path_prefix` is put before it
  /// @param body JSON, or NDJSON where the path ends in `_bulk` or `_msearch`; empty: none
  awaitable<http::Response> request(std::string method, std::string target, std::string body = {}) const;
  /// The same with JSON both ways. @throws Error of every status that is not in the 200s
  awaitable<Json> json(std::string method, std::string target, Json body = {}) const;
  /// `_search` in the handle's index, in the server's own query language; its answer as it comes.
  awaitable<Json> search(Json body) const;
  /// Stores records as they come, replacing those that are there: bulk requests of `bulk_size`, `bulk_concurrency` of
  /// them at a time, in bounded memory. @returns how many
  awaitable<std::uint64_t> bulk(RecordStream records) const;
  /// Makes what was written visible to searches.
  awaitable<void> refresh() const;
  awaitable<ElasticsearchProduct> product() const;

 private:
  std::chrono::steady_clock::time_point deadline() const;

  std::shared_ptr<elasticsearch::Link> link_;
  std::optional<std::chrono::milliseconds> timeout_;
};

}  // namespace weir
