#pragma once

#include <weir/backend.hpp>
#include <weir/config.hpp>
#include <weir/options.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace weir::detail {

class ImmediateBackend;
class InlineReads;

/// What all copies of a handle share.
struct DatabaseState {
  DatabaseState(Config database_config, std::shared_ptr<Backend> database_backend);

  const Config config;
  const std::shared_ptr<Backend> backend;
  ImmediateBackend* const immediate;  ///< the same object when its operations never suspend, else null
  InlineReads* const inline_reads;    ///< the same object when it answers point reads on the caller's thread, else null
  const std::string name;             ///< of the backend, for error texts
  const std::string endpoint;
  const Capabilities capabilities;
  std::atomic<bool> closed{false};
};

/// One handle: the shared state and its own defaults. One pointer, so that an operation moves one reference count.
struct DatabaseHandle {
  DatabaseHandle(std::shared_ptr<DatabaseState> database, CallOptions options);

  const std::shared_ptr<DatabaseState> state;
  const CallOptions call;
  const std::chrono::milliseconds timeout;  ///< of an operation that says nothing; 0 = none
};

using HandlePointer = std::shared_ptr<const DatabaseHandle>;

}  // namespace weir::detail
