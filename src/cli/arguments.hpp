#pragma once

#include "cli/exit_code.hpp"
#include "cli/formats/document_reader.hpp"

#include <weir/options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::cli {

enum class Command { ping, get, put, rm, search, count, import, export_, copy, archive, explain, stats };

/// The command line, taken apart.
struct Arguments {
  Command command = Command::ping;
  std::string database;   ///< a URL, @NAME of the configuration file, or env:BACKEND
  std::string database2;  ///< copy and archive: the target
  std::string file = "-";
  std::vector<std::string> ids;
  std::string config_file;

  std::string where;
  std::string query;
  std::string order_by;
  std::optional<std::size_t> limit;
  std::optional<std::size_t> offset;
  std::string select;
  std::optional<Partition> partition;

  bool flat = false;
  std::string id_field = "id";
  std::optional<Format> format;
  std::string at;
  std::string types;
  char delimiter = ',';
  std::size_t max_line = std::size_t{16} << 20;

  std::string rejects;
  std::optional<OnError> on_error;
  std::optional<OnConflict> on_conflict;
  std::size_t chunk = 1000;
  std::size_t partitions = 1;
  std::string checkpoint;
  bool verify = false;
  bool dry_run = false;
  bool remove_source = false;
  bool discard_unfinished = false;

  std::optional<std::chrono::milliseconds> timeout;
  bool watch = false;
  std::chrono::milliseconds interval{1000};
  bool quiet = false;
  bool verbose = false;
};

/// The program is to end at once: help or the version was asked for, or the command line makes no sense.
struct Leave {
  ExitCode code = ExitCode::done;
  std::string output;   ///< for standard output
  std::string message;  ///< for standard error
};

std::variant<Arguments, Leave> parse_arguments(int argc, const char* const* argv);

}  // namespace weir::cli
