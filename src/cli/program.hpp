#pragma once

#include "cli/arguments.hpp"
#include "cli/interrupt.hpp"
#include "cli/messages.hpp"
#include "cli/terminal.hpp"

#include <weir/awaitable.hpp>
#include <weir/database.hpp>
#include <weir/query.hpp>

#include <string>
#include <vector>

namespace weir::cli {

/// What the commands share. Outlives them.
struct Program {
  const Arguments& arguments;
  Messages& messages;
  Interrupt& interrupt;
  Terminal terminal;  ///< standard output
  std::vector<AsyncDatabase> opened{};
};

/// Opens a database by URL, @NAME or env:BACKEND, with --timeout. Does no I/O on the store. It is closed when the
/// command has ended.
awaitable<AsyncDatabase> open_database(Program& program, std::string word);

/// The query of --where, --query, --order-by, --limit, --offset and --select.
Query make_query(const Arguments& arguments);

/// What a file's name says, where --format does not.
Format format_of(const Arguments& arguments, const std::string& file, Format otherwise);

}  // namespace weir::cli
