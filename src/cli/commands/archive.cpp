#include "cli/commands/commands.hpp"
#include "cli/failure.hpp"
#include "cli/progress.hpp"

#ifdef WEIR_CLI_S3

#include <weir/config.hpp>
#include <weir/s3_archive.hpp>

#include <exception>
#include <string>

namespace weir::cli {
namespace {

std::string counted(std::uint64_t number, const char* one, const char* many) {
  return grouped(number) + (number == 1 ? one : many);
}

std::string numbers(const s3::ArchiveStats& stats, bool removing) {
  std::string text = counted(stats.records, " record", " records");
  text += stats.existed ? " were archived before, in " : " archived, in ";
  text += counted(stats.parts, " part", " parts") + " of " + grouped(stats.bytes) + " bytes";
  if (!removing) return text;
  text += "; " + grouped(stats.removed) + " removed";
  if (stats.changed > 0) text += ", " + grouped(stats.changed) + " kept, since they were changed meanwhile";
  if (stats.gone > 0) text += ", " + grouped(stats.gone) + " were gone already";
  return text;
}

/// The archive's bucket is made when it is wanted, like that of records.
awaitable<void> ensure_bucket(AsyncDatabase to, s3::Client client) {
  if (!to.config().get<bool>("create_if_missing")) co_return;
  const bool there = co_await client.bucket_exists();
  if (!there) co_await client.create_bucket();
}

}  // namespace

awaitable<ExitCode> archive_records(Program& program) {
  const auto& arguments = program.arguments;
  const auto query = make_query(arguments);
  const auto from = co_await open_database(program, arguments.database);
  const auto to = co_await open_database(program, arguments.database2);
  if (to.config().backend() != "s3")
    throw Failure(ExitCode::usage, "an archive is in a bucket: its URL begins with s3://");
  const auto& native = to.native<S3Database>();
  co_await ensure_bucket(to, native.client());
  s3::ArchiveStats last;
  s3::ArchiveOptions options;
  options.part_size(to.config().get<std::uint64_t>("archive_part_size"))
      .compression(to.config().get<std::string>("archive_compression"))
      .remove_source(arguments.remove_source)
      .discard_unfinished(arguments.discard_unfinished);
  options.progress([&program, &last](const s3::ArchiveStats& stats) {
    last = stats;
    Standing standing;
    standing.records = stats.records;
    program.messages.progress(standing);
  });
  std::exception_ptr failure;
  try {
    last = co_await s3::archive(from, query, native.client(), native.prefix(), options);
  } catch (...) {
    failure = std::current_exception();
  }
  program.messages.end_progress();
  if (!failure) {
    program.messages.note(numbers(last, arguments.remove_source));
    co_return last.changed > 0 ? ExitCode::incomplete : ExitCode::done;
  }
  const bool interrupted = judge(failure).code == ExitCode::interrupted;
  std::string text = interrupted ? "interrupted" : "ended early";
  if (last.removed > 0)
    text += " after " + counted(last.removed, " record was removed", " records were removed");
  else
    text += "; nothing was removed from the source";
  if (last.parts > 0) text += "; the same command goes on";
  program.messages.note(text);
  if (!interrupted) std::rethrow_exception(failure);
  co_return ExitCode::interrupted;
}

}  // namespace weir::cli

#else

namespace weir::cli {

awaitable<ExitCode> archive_records(Program&) {
  throw Failure(ExitCode::usage, "this weir was built without S3, which archives are in");
}

}  // namespace weir::cli

#endif
