#pragma once

#include "cli/program.hpp"
#include "cli/record_printer.hpp"

#include <weir/database.hpp>
#include <weir/record_stream.hpp>

#include <cstdint>
#include <optional>

namespace weir::cli {

/// From a query to an output, with bounded memory.
class RecordPump {
 public:
  RecordPump(Program& program, AsyncDatabase database, Query query, Output& output, Format format)
      : program_(program),
        database_(std::move(database)),
        query_(std::move(query)),
        output_(output),
        format_(format),
        printer_(program, output, format) {}
  void show_progress(bool show) { shows_progress_ = show; }
  /// CSV reads everything twice: its first line tells the columns of all records.
  awaitable<void> run();
  std::uint64_t printed() const { return printer_.printed(); }

 private:
  RecordStream stream() const;
  awaitable<void> find_total();
  awaitable<void> find_columns();
  void count(std::uint64_t records, std::uint64_t passes_done);

  Program& program_;
  AsyncDatabase database_;
  Query query_;
  Output& output_;
  Format format_;
  RecordPrinter printer_;
  bool shows_progress_ = false;
  std::optional<std::uint64_t> total_;
};

}  // namespace weir::cli
