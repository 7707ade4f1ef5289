#pragma once

// What the configuration says, as this backend needs it.

#include "backends/postgresql/sql/statements.hpp"
#include "backends/postgresql/sql/table.hpp"
#include "backends/postgresql/wire/connection.hpp"

#include <weir/config.hpp>
#include <weir/pool_options.hpp>
#include <weir/registry.hpp>

#include <memory>
#include <string>

namespace weir::postgres {

class Settings {
 public:
  Settings(const Config& config);

  Table table;  // of an existing one, the name alone
  bool mapped = false;
  std::string key_field;
  TableStatements statements;
  std::shared_ptr<const ConnectSettings> connect;
  std::shared_ptr<const ConnectSettings> connect_reads;  // null: reads go where writes go
  PoolOptions pool;
  PoolKey key;
  PoolKey reads_key;
  std::string endpoint;  // "db1:5432,db2:5432"
  bool may_create = true;
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds stall{0};  // 0: never
  std::size_t max_shared_result = 0;
  bool coalesce_reads = false;
};

PoolOptions pool_options(const Config& config);

}  // namespace weir::postgres
