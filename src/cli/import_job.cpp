#include "cli/import_job.hpp"

#include "cli/distinct_files.hpp"
#include "cli/failure.hpp"

#include <weir/config.hpp>

#include <boost/asio/this_coro.hpp>

#include <random>
#include <utility>

namespace weir::cli {
namespace {

constexpr auto checkpoint_pause = std::chrono::milliseconds(200);

RecordIds fresh_ids() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::random_device device;
  const auto random = (std::uint64_t{device()} << 32U) | device();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()), random};
}

}  // namespace

ImportJob::ImportJob(Program& program, AsyncDatabase database, OnConflict on_conflict, Output* ids)
    : program_(program),
      database_(std::move(database)),
      on_conflict_(on_conflict),
      ids_(ids),
      input_(program.arguments.file),
      collects_(program.arguments.on_error == OnError::collect || !program.arguments.rejects.empty()),
      started_(std::chrono::steady_clock::now()),
      saved_(started_) {}

ImportJob::~ImportJob() { program_.interrupt.on_first({}); }

ReaderOptions ImportJob::reader_options() const {
  const auto& arguments = program_.arguments;
  return ReaderOptions{}
      .file(input_.name())
      .format(format_of(arguments, arguments.file, Format::jsonl))
      .max_item_bytes(arguments.max_line)
      .at(arguments.at)
      .types(arguments.types)
      .id_field(arguments.id_field)
      .delimiter(arguments.file.ends_with(".tsv") && arguments.delimiter == ',' ? '\t' : arguments.delimiter)
      .keep_text(!arguments.rejects.empty());
}

void ImportJob::begin(boost::asio::any_io_executor executor) {
  const auto& arguments = program_.arguments;
  DistinctFiles{}
      .add("the input", arguments.file)
      .add("the database", database_.config())
      .add("--rejects", arguments.rejects)
      .add("--checkpoint", arguments.checkpoint)
      .check();
  auto reader = reader_options();
  state_.ids = fresh_ids();
  state_.target = database_.config().to_url();
  state_.reader = Json::object();
  state_.reader["format"] = static_cast<int>(reader.format());
  state_.reader["at"] = reader.at();
  state_.reader["types"] = reader.types();
  state_.reader["delimiter"] = std::string(1, reader.delimiter());
  state_.reader["flat"] = arguments.flat;
  state_.reader["id_field"] = reader.id_field();
  if (!arguments.checkpoint.empty()) {
    checkpoint_.emplace(arguments.checkpoint);
    if (auto former = checkpoint_->load()) {
      checkpoint_->continue_from(*former, state_, input_);
      state_ = std::move(*former);
      resumed_ = true;
      if (!state_.position.is_null()) reader.from(state_.position);
      program_.messages.note("going on at line " + std::to_string(position_number(reader, "line", 1)) + " of " +
                             input_.name() + ", after " + grouped(state_.counts.written) + " records");
    }
  }
  former_ = state_.counts.written;
  rejects_.emplace(arguments.rejects, resumed_);
  // The ids of the first chunk must be known even if the process dies while it is being written.
  if (checkpoint_ && !resumed_) checkpoint_->save(state_, input_);
  const bool flat = arguments.flat || reader.format() == Format::csv;
  input_.ends_with([this] { return program_.interrupt.raised(); });
  auto options = FeedOptions{}
                     .form(RecordForm{}.flat(flat).id_field(arguments.id_field))
                     .chunk(arguments.chunk)
                     .stop_at_problem(!collects_)
                     .keep_text(reader.keep_text());
  feed_ = std::make_unique<BatchFeed>(std::move(executor), input_, std::move(reader), std::move(options), state_.ids);
  // What is being written is let finish, so that it can be counted.
  program_.interrupt.on_first([this] { feed_->stop(); });
  if (program_.interrupt.raised()) feed_->stop();
}

awaitable<ExitCode> ImportJob::run() {
  const auto executor = co_await boost::asio::this_coro::executor;
  begin(executor);
  if (program_.arguments.partitions == 1)
    co_await worker();
  else
    co_await side_by_side(executor);
  co_return finish();
}

void ImportJob::settle(Outcome outcome) {
  if (outcome.failure || outcome.stops) feed_->stop();
  out_of_turn_.emplace(outcome.sequence, std::move(outcome));
  while (!out_of_turn_.empty() && out_of_turn_.begin()->first == next_sequence_ && !failure_ && !stopped_) {
    auto next = std::move(out_of_turn_.begin()->second);
    out_of_turn_.erase(out_of_turn_.begin());
    ++next_sequence_;
    in_turn(std::move(next));
  }
  Standing standing;
  standing.records = state_.counts.written + state_.counts.skipped;
  standing.bytes = state_.offset;
  if (input_.size() && *input_.size() > 0)
    standing.share = static_cast<double>(state_.offset) / static_cast<double>(*input_.size());
  program_.messages.progress(standing);
}

// Batches are settled in the order of the input, whichever was written first: so messages, rejects and printed ids are
// in order, and the checkpoint never passes over anything.
void ImportJob::in_turn(Outcome outcome) {
  for (const auto& reject : outcome.rejects) {
    Problem problem;
    problem.line = reject.line;
    problem.column = reject.column;
    problem.reason = reject.reason;
    rejects_->add(input_.name(), reject.line, reject.reason, reject.text);
    if (outcome.stops || shown_ < most_shown) program_.messages.error(describe(input_.name(), problem));
    if (++shown_ == most_shown && collects_)
      program_.messages.note(program_.arguments.rejects.empty() ? "(more are counted only; --rejects FILE keeps them)"
                                                                : "(more are in " + program_.arguments.rejects + ")");
  }
  rejects_->flush();
  if (ids_ != nullptr) {
    for (const auto& id : outcome.ids) {
      if (id.empty()) continue;
      ids_->buffer() += Json::object({{"id", id}}).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
    ids_->flush();
  }
  if (outcome.failure || outcome.stops) {
    failure_ = outcome.failure;
    stopped_ = outcome.stops;
    beyond_ = outcome.counts;
    return;
  }
  state_.position = std::move(outcome.position);
  state_.offset = outcome.offset;
  state_.counts.written += outcome.counts.written;
  state_.counts.skipped += outcome.counts.skipped;
  state_.counts.rejected += outcome.counts.rejected;
  const auto now = std::chrono::steady_clock::now();
  if (!checkpoint_ || now - saved_ < checkpoint_pause) return;
  saved_ = now;
  checkpoint_->save(state_, input_);
}

std::string ImportJob::summary() const {
  const auto& arguments = program_.arguments;
  const auto written = state_.counts.written + beyond_.written;
  const auto skipped = state_.counts.skipped + beyond_.skipped;
  const auto rejected = state_.counts.rejected + beyond_.rejected;
  const auto passed = std::chrono::steady_clock::now() - started_;
  const auto here = written - former_;
  const double seconds = std::chrono::duration<double>(passed).count();
  std::string text = grouped(written) + (written == 1 ? " record" : " records") +
                     (arguments.dry_run ? " would be written" : " written");
  if (former_ > 0) text += " (" + grouped(here) + " in this run)";
  if (skipped > 0) text += ", " + grouped(skipped) + " there already";
  if (rejected > 0) {
    text += ", " + grouped(rejected) + " bad";
    if (!arguments.rejects.empty()) text += " (in " + arguments.rejects + ")";
  }
  text += ", in " + elapsed_text(passed);
  if (seconds > 0 && here > 0)
    text += " (" + grouped(static_cast<std::uint64_t>(static_cast<double>(here) / seconds)) + "/s)";
  return text;
}

ExitCode ImportJob::finish() {
  feed_->stop();  // a batch that nobody will take must not keep the reading thread
  const auto input_error = feed_->error();
  for (const auto& [sequence, outcome] : out_of_turn_) {  // written behind a batch that failed
    beyond_.written += outcome.counts.written;
    beyond_.skipped += outcome.counts.skipped;
  }
  auto& messages = program_.messages;
  messages.end_progress();
  const bool interrupted = program_.interrupt.raised();
  const bool complete = !failure_ && !input_error && !stopped_ && !interrupted;
  if (checkpoint_ && !complete) checkpoint_->save(state_, input_);
  const auto advice =
      checkpoint_ ? "; the same command goes on from there (" + checkpoint_->file() + ")" : std::string();
  if (complete) {
    if (ids_ == nullptr) messages.note(summary());
    // Last of all: whoever kills it now has been told that everything is there, and does not begin from the beginning.
    if (checkpoint_) checkpoint_->remove();
    return state_.counts.rejected > 0 ? ExitCode::incomplete : ExitCode::done;
  }
  messages.note((interrupted ? "interrupted: " : "ended early: ") + summary() + advice);
  if (failure_) std::rethrow_exception(failure_);
  if (input_error) std::rethrow_exception(input_error);
  return stopped_ ? ExitCode::incomplete : ExitCode::interrupted;
}

}  // namespace weir::cli
