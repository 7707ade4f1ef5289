#include "backends/sqlite/settings.hpp"

#include "backends/sqlite/memory_vfs.hpp"

#include <weir/error.hpp>

#include <filesystem>

namespace weir::sqlite {
namespace {

// The same file by whatever name it is called. What cannot be resolved is left to SQLite, which says why it fails.
std::string canonical(const std::string& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return path;
  auto resolved = std::filesystem::weakly_canonical(absolute, error);
  return error ? absolute.string() : resolved.string();
}

}  // namespace

Settings read_settings(const Config& config, std::uint64_t private_memory) {
  Settings out;
  const auto path = config.get<std::string>("path");
  if (path.empty()) throw Error(errc::invalid_argument, "option path: the file of the database is missing");
  ConnectionSettings& connection = out.engine.connection;
  out.endpoint = path;
  if (path == ":memory:") {
    register_memory_vfs();
    connection.vfs = memory_vfs_name;
    connection.path = "/" + std::to_string(private_memory);
  } else {
    connection.path = canonical(path);
  }
  const bool may_create = config.get<bool>("create_if_missing");
  connection.read_only = config.get<bool>("read_only");
  connection.create = may_create && !connection.read_only;
  connection.synchronous = config.get<std::string>("synchronous");
  connection.journal_mode = config.get<std::string>("journal_mode");
  connection.foreign_keys = config.get<bool>("foreign_keys");
  connection.cache_bytes = config.get<std::uint64_t>("cache_size");
  connection.mmap_bytes = config.get<std::uint64_t>("mmap_size");
  connection.statement_cache = config.get<unsigned>("statement_cache_size");
  out.timeout = config.get<std::chrono::milliseconds>("timeout");
  out.inline_reads = config.get<bool>("inline_reads");
  out.engine.readers = config.get<unsigned>("readers");
  out.engine.max_sessions = config.get<unsigned>("max_size");
  out.engine.max_waiters = config.get<unsigned>("max_waiters");
  out.engine.acquire_timeout = config.get<std::chrono::milliseconds>("acquire_timeout");
  out.engine.busy_timeout = config.get<std::chrono::milliseconds>("busy_timeout");
  // The file in its one true form, then everything that shapes connections or threads.
  out.engine.key = connection.vfs + "\n" + connection.path + "\n" + (connection.create ? "create\n" : "\n") +
                   Config(config).set("path", "-").set("inline_reads", false).identity();
  out.table = std::make_shared<const TableContext>(
      Table(config.get<std::string>("table"), config.get<std::vector<std::string>>("index")),
      may_create && !connection.read_only);
  return out;
}

}  // namespace weir::sqlite
