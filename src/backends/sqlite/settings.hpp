#pragma once

// The options of a database, read once.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/operations.hpp"

#include <weir/config.hpp>

#include <memory>
#include <string>

namespace weir::sqlite {

struct Settings {
  Settings() = default;
  EngineSettings engine;
  std::shared_ptr<const TableContext> table;
  std::chrono::milliseconds timeout{0};  // of native calls; 0: none
  bool inline_reads = false;
  std::string endpoint;  // the file as configured, for error texts
};

// Throws Error invalid_argument. `private_memory` names the database of `:memory:`, which is another one for every
// handle.
Settings read_settings(const Config& config, std::uint64_t private_memory);

}  // namespace weir::sqlite
