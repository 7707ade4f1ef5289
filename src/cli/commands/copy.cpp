#include "cli/commands/commands.hpp"
#include "cli/distinct_files.hpp"
#include "cli/failure.hpp"
#include "cli/formats/problem.hpp"
#include "cli/formats/record_form.hpp"
#include "cli/progress.hpp"
#include "cli/rejects_file.hpp"

#include <weir/config.hpp>
#include <weir/copy.hpp>

#include <exception>
#include <filesystem>
#include <string>
#include <utility>

namespace weir::cli {
namespace {

/// `former`: what earlier runs have copied.
std::string numbers(const CopyStats& stats, std::uint64_t former, bool dry_run) {
  std::string text = grouped(stats.written) + (stats.written == 1 ? " record" : " records") +
                     (dry_run ? " would be copied" : " copied");
  const auto here = stats.written - former;
  if (former > 0) text += " (" + grouped(here) + " in this run)";
  if (stats.skipped > 0) text += ", " + grouped(stats.skipped) + " skipped";
  if (stats.rejected > 0) text += ", " + grouped(stats.rejected) + " refused";
  const double seconds = std::chrono::duration<double>(stats.elapsed).count();
  if (stats.elapsed.count() == 0) return text;
  text += ", in " + elapsed_text(stats.elapsed);
  if (here > 0) text += " (" + grouped(static_cast<std::uint64_t>(static_cast<double>(here) / seconds)) + "/s)";
  return text;
}

/// What the callbacks of a running copy share.
struct Watching {
  Program& program;
  RejectsFile rejects;
  std::string source;
  bool resuming = false;  // until it was said where
  CopyStats last;
  std::uint64_t former = 0;
  std::uint64_t shown = 0;

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
    if (std::exchange(resuming, false)) {
      former = last.written;
      program.messages.note("going on after " + grouped(former) + (former == 1 ? " record" : " records"));
    }
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
  DistinctFiles{}
      .add("the first database", from.config())
      .add("the second database", to.config())
      .add("--rejects", arguments.rejects)
      .add("--checkpoint", arguments.checkpoint)
      .check();
  const bool resuming =
      !arguments.checkpoint.empty() && !arguments.dry_run && std::filesystem::exists(arguments.checkpoint);
  Watching watching{program, RejectsFile(arguments.rejects, resuming), from.config().to_url(), resuming, {}, 0, 0};
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
  try {
    const auto stats = co_await copy(from, query, to, options);
    program.messages.end_progress();
    program.messages.note(numbers(stats, watching.former, arguments.dry_run));
    co_return stats.rejected > 0 ? ExitCode::incomplete : ExitCode::done;
  } catch (...) {
    program.messages.end_progress();
    const bool interrupted = judge(std::current_exception()).code == ExitCode::interrupted;
    std::string text = interrupted ? "interrupted: " : "ended early: ";
    text += numbers(watching.last, watching.former, arguments.dry_run);
    if (!arguments.checkpoint.empty() && watching.last.read > 0)
      text += "; the same command goes on from there (" + arguments.checkpoint + ")";
    program.messages.note(text);
    if (!interrupted) throw;
  }
  co_return ExitCode::interrupted;
}

}  // namespace weir::cli
