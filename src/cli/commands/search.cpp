#include "cli/commands/commands.hpp"
#include "cli/commands/record_pump.hpp"
#include "cli/distinct_files.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"

#include <weir/field.hpp>

#include <chrono>
#include <utility>

namespace weir::cli {

awaitable<ExitCode> search(Program& program) {
  const auto& arguments = program.arguments;
  auto query = make_query(arguments);
  if (query.order().empty()) query.order_by(id());
  const auto database = co_await open_database(program, arguments.database);
  Output output;
  const auto format = arguments.format.value_or(program.terminal.is_terminal() ? Format::table : Format::jsonl);
  RecordPump pump(program, database, std::move(query), output, format);
  co_await pump.run();
  if (pump.printed() == 0 && program.terminal.is_terminal()) program.messages.note("no records");
  co_return program.interrupt.raised() ? ExitCode::interrupted : ExitCode::done;
}

awaitable<ExitCode> count(Program& program) {
  const auto query = make_query(program.arguments);
  const auto database = co_await open_database(program, program.arguments.database);
  const auto found = co_await database.count(query);
  Output output;
  output.buffer() = std::to_string(found) + "\n";
  output.finish();
  co_return ExitCode::done;
}

awaitable<ExitCode> explain(Program& program) {
  const auto query = make_query(program.arguments);
  const auto database = co_await open_database(program, program.arguments.database);
  const auto plan = co_await database.explain(query);
  Output output;
  output.buffer() =
      plan.dump(program.terminal.is_terminal() ? 2 : -1, ' ', false, Json::error_handler_t::replace) + "\n";
  output.finish();
  co_return ExitCode::done;
}

awaitable<ExitCode> export_file(Program& program) {
  const auto& arguments = program.arguments;
  const auto started = std::chrono::steady_clock::now();
  auto query = make_query(arguments);
  const auto database = co_await open_database(program, arguments.database);
  DistinctFiles{}.add("the database", database.config()).add("the output", arguments.file).check();
  Output output(arguments.file);
  const bool to_terminal = output.is_standard() && program.terminal.is_terminal();
  const auto format = format_of(arguments, arguments.file, to_terminal ? Format::table : Format::jsonl);
  RecordPump pump(program, database, std::move(query), output, format);
  pump.show_progress(!to_terminal);
  co_await pump.run();
  const auto passed = std::chrono::steady_clock::now() - started;
  const auto seconds = std::chrono::duration<double>(passed).count();
  program.messages.note(grouped(pump.printed()) + (pump.printed() == 1 ? " record" : " records") + " written to " +
                        output.name() + " in " + elapsed_text(passed) + " (" +
                        grouped(static_cast<std::uint64_t>(static_cast<double>(pump.printed()) / seconds)) + "/s)");
  co_return ExitCode::done;
}

}  // namespace weir::cli
