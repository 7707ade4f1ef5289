#include "cli/commands/commands.hpp"
#include "cli/failure.hpp"
#include "cli/formats/csv_writer.hpp"
#include "cli/formats/problem.hpp"
#include "cli/output.hpp"
#include "cli/record_printer.hpp"

#include <utility>

namespace weir::cli {
namespace {

std::string not_found(const std::string& id) { return "there is no record \"" + excerpt(id) + "\""; }

}  // namespace

awaitable<ExitCode> get(Program& program) {
  const auto& arguments = program.arguments;
  const auto database = co_await open_database(program, arguments.database);
  const auto found = co_await database.read_batch(arguments.ids);
  std::vector<Record> records;
  bool all = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) {
      records.push_back(*found[i]);
      continue;
    }
    all = false;
    program.messages.error(not_found(arguments.ids[i]));
  }
  Output output;
  const auto format = format_of(arguments, "-", program.terminal.is_terminal() ? Format::table : Format::jsonl);
  RecordPrinter printer(program, output, format);
  if (format == Format::csv) printer.columns_of(records);
  printer.begin();
  for (const auto& record : records) printer.print(record);
  printer.end();
  co_return all ? ExitCode::done : ExitCode::incomplete;
}

awaitable<ExitCode> remove(Program& program) {
  const auto& arguments = program.arguments;
  const auto database = co_await open_database(program, arguments.database);
  const auto options = BatchOptions{}.on_error(OnError::collect);
  const auto result = co_await database.remove_batch(arguments.ids, options);
  std::exception_ptr failure;
  std::vector<bool> failed(arguments.ids.size());
  for (const auto& item : result.errors) {
    failed[item.index] = true;
    failure = std::make_exception_ptr(item.error);
    program.messages.error("\"" + excerpt(item.id) + "\": " + std::string(item.error.message()));
  }
  for (std::size_t i = 0; i < arguments.ids.size(); ++i)
    if (result.ids[i].empty() && !failed[i]) program.messages.error(not_found(arguments.ids[i]));
  const auto removed = result.succeeded();
  program.messages.note(std::to_string(removed) + (removed == 1 ? " record removed" : " records removed"));
  if (failure && judge(failure).code == ExitCode::store) co_return ExitCode::store;
  co_return removed == arguments.ids.size() ? ExitCode::done : ExitCode::incomplete;
}

}  // namespace weir::cli
