#pragma once

#include "cli/program.hpp"

namespace weir::cli {

/// Runs the command that the arguments name. Ends with its status, or throws what judge() understands.
awaitable<ExitCode> run_command(Program& program);

awaitable<ExitCode> ping(Program& program);
awaitable<ExitCode> get(Program& program);
awaitable<ExitCode> put(Program& program);
awaitable<ExitCode> remove(Program& program);
awaitable<ExitCode> search(Program& program);
awaitable<ExitCode> count(Program& program);
awaitable<ExitCode> import_file(Program& program);
awaitable<ExitCode> export_file(Program& program);
awaitable<ExitCode> copy_records(Program& program);
awaitable<ExitCode> archive_records(Program& program);
awaitable<ExitCode> explain(Program& program);
awaitable<ExitCode> stats(Program& program);

}  // namespace weir::cli
