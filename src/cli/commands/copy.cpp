#include "cli/commands/commands.hpp"
#include "cli/failure.hpp"
#include "cli/formats/problem.hpp"
#include "cli/formats/record_form.hpp"
#include "cli/progress.hpp"
#include "cli/rejects_file.hpp"

#include <weir/config.hpp>
#include <weir/copy.hpp>

#include <exception>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

constexpr std::uint64_t most_shown = 20;

std::string numbers(const CopyStats& stats, bool dry_run) {
  std::string text = grouped(stats.written) + (stats.written == 1 ? " record" : " records") +
                     (dry_run ? " would be copied" : " copied");
  if (stats.skipped > 0) text += ", " + grouped(stats.skipped) + " skipped";
  if (stats.rejected > 0) text += ", " + grouped(stats.rejected) + " refused";
  const double seconds = std::chrono::duration<double>(stats.elapsed).count();
  if (stats.elapsed.count() == 0) return text;
  text += ", in " + elapsed_text(stats.elapsed);
  if (stats.written > 0)
    text += " (" + grouped(static_cast<std::uint64_t>(static_cast<double>(stats.written) / seconds)) + "/s)";
  return text;
}

/// What the callbacks of a running copy share.
struct Watching {
  Program& program;
  RejectsFile rejects;
  std::string source;
  CopyStats last;
  std::uint64_t shown = 0;
  std::exception_ptr failure;  // of the rejects file

  void refuse(const Record& record, const Error& error) {
    if (++shown <= most_shown)
      program.messages.error("\"" + excerpt(record.id) + "\": " + std::string(error.message()));
    std::string text;
    append_record(text, record, RecordForm{});
    rejects.add(source, record.id, error.message(), text);
    rejects.flush();
  }
  void progress(const CopyProgress& progress) {
    last = progress.stats();
    Standing standing;
    standing.records = last.written + last.skipped + last.rejected;
    if (progress.total() && *progress.total() > 0)
      standing.share = static_cast<double>(standing.records) / static_cast<double>(*progress.total());
    program.messages.progress(standing);
  }
};

}  // namespace

awaitable<ExitCode> copy_records(Program& program) {
  const auto& arguments = program.arguments;
  const auto query = make_query(arguments);
  const auto from = co_await open_database(program, arguments.database);
  const auto to = co_await open_database(program, arguments.database2);
  Watching watching{program, RejectsFile(arguments.rejects, false), from.config().to_url(), {}, 0, {}};
  CopyOptions options;
  options.on_conflict(arguments.on_conflict.value_or(OnConflict::upsert))
      .partitions(arguments.partitions)
      .chunk(arguments.chunk)
      .checkpoint(arguments.checkpoint)
      .verify(arguments.verify)
      .dry_run(arguments.dry_run);
  if (arguments.on_error == OnError::collect || !arguments.rejects.empty())
    options.rejects([&watching](const Record& record, const Error& error) { watching.refuse(record, error); });
  options.progress([&watching](const CopyProgress& progress) { watching.progress(progress); });
  const auto advice = arguments.checkpoint.empty()
                          ? std::string()
                          : "; the same command goes on from there (" + arguments.checkpoint + ")";
  try {
    const auto stats = co_await copy(from, query, to, options);
    program.messages.end_progress();
    program.messages.note(numbers(stats, arguments.dry_run));
    co_await to.close();
    co_await from.close();
    co_return stats.rejected > 0 ? ExitCode::incomplete : ExitCode::done;
  } catch (...) {
    program.messages.end_progress();
    program.messages.note((program.interrupt.raised() ? "interrupted: " : "ended early: ") +
                          numbers(watching.last, arguments.dry_run) + advice);
    throw;
  }
}

}  // namespace weir::cli
