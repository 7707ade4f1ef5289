#pragma once

/// @file
/// What operations give back.

#include <weir/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Why one item of a batch was not written.
struct ItemError {
  ItemError(std::size_t item_index, std::string item_id, Error item_error)
      : index(item_index), id(std::move(item_id)), error(std::move(item_error)) {}
  std::size_t index;  ///< its place in the input
  std::string id;
  Error error;
};

/// Outcome of a batch.
struct BatchResult {
  BatchResult() = default;
  std::vector<std::string> ids;   ///< in input order; "" for a failed item (and for an absent one in remove_batch)
  std::vector<ItemError> errors;  ///< in input order
  /// Items that were written (removed).
  std::size_t succeeded() const {
    std::size_t n = 0;
    for (const auto& id : ids) n += id.empty() ? 0 : 1;
    return n;
  }
};

/// Outcome of AsyncDatabase::write.
struct WriteStats {
  std::uint64_t written = 0;
  std::uint64_t skipped = 0;      ///< stored already, with OnConflict::skip
  std::uint64_t failed = 0;       ///< with OnError::collect
  std::vector<ItemError> errors;  ///< the first of them, at most 100; `index` counts from the stream's start
};

/// Outcome of copy().
struct CopyStats {
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  std::uint64_t skipped = 0;   ///< dropped by the transform, or stored already with OnConflict::skip
  std::uint64_t rejected = 0;  ///< given to the rejects sink
  std::chrono::nanoseconds elapsed{0};
};

/// Connections as the store itself counts them.
struct ServerConnections {
  std::uint64_t current = 0;
  std::uint64_t available = 0;
  std::uint64_t total_created = 0;
};

/// Outcome of AsyncDatabase::ping.
struct Health {
  Health() = default;
  bool reachable = false;
  std::chrono::nanoseconds round_trip{0};
  std::string product;                                  ///< "memory", "sqlite", "postgresql", "elasticsearch", …
  std::string version;                                  ///< of the store
  std::string endpoint;                                 ///< host:port, file
  std::string error;                                    ///< why it is not reachable
  std::optional<ServerConnections> server_connections;  ///< where the store tells
};

/// What a store can do. What it cannot do fails with `errc::unsupported`; it is never emulated in silence.
struct Capabilities {
  bool transactions = false;
  bool savepoints = false;
  bool full_text = false;           ///< the operator `match`
  bool conditional_write = false;   ///< WriteOptions::if_version
  bool atomic_batch = false;        ///< BatchOptions::atomic
  bool server_side_filter = false;  ///< false: filters are evaluated on the client
  bool snapshot_stream = false;     ///< a stream sees one state of the store
  bool partitions = false;          ///< StreamOptions::partition is cut by the store itself
};

}  // namespace weir
