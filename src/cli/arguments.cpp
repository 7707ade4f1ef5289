#include "cli/arguments.hpp"

#include "cli/formats/csv_types.hpp"
#include "cli/formats/problem.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"

#include <weir/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

namespace weir::cli {
namespace {

/// What is read as text first and understood after the parse, when the option's name can be said in the error.
struct Raw {
  std::vector<std::string> words;
  std::string name;
  std::string partition;
  std::string timeout;
  std::string interval;
  std::string max_line;
  std::string delimiter;
  std::string limit;
  std::string offset;
  std::string chunk;
  std::string partitions;
};

constexpr const char* what = "WHAT TO FIND";
constexpr const char* how = "FORMAT";
constexpr const char* writing = "WRITING";

/// The usual help, but for the positional arguments, which this program takes apart itself.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(32); }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const auto* text = find(app);
    if (text == nullptr) return CLI::Formatter::make_usage(app, name);
    return "Usage: weir " + std::string(text->name) + " [OPTIONS] " + std::string(text->words) + "\n";
  }
  std::string make_positionals(const CLI::App* app) const override {
    const auto* text = find(app);
    if (text == nullptr) return CLI::Formatter::make_positionals(app);
    return "\n  " + std::string(text->words) + ": " + std::string(text->words_explained) + "\n";
  }

 private:
  static const help::CommandText* find(const CLI::App* app) {
    const auto found = std::ranges::find(help::commands, app->get_name(), &help::CommandText::name);
    return found == help::commands.end() ? nullptr : &*found;
  }
};

class Parser {
 public:
  Parser() : app_(std::string(help::introduction), "weir") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "weir " + std::string(version()), "Prints the version");
    app_.set_help_all_flag("--help-all", "Prints the help of every command");
    app_.footer(std::string(help::footer));
    app_.formatter(std::make_shared<HelpFormatter>());
    for (const auto& text : help::commands) add(text);
  }

  std::variant<Arguments, Leave> parse(int argc, const char* const* argv) {
    try {
      refuse_unknown_command(argc, argv);
      app_.parse(argc, argv);
      understand();
      return std::move(arguments_);
    } catch (const CLI::CallForHelp& asked) {
      return Leave{ExitCode::done, app_.help(), {}};
    } catch (const CLI::CallForAllHelp& asked) {
      return Leave{ExitCode::done, app_.help("", CLI::AppFormatMode::All), {}};
    } catch (const CLI::CallForVersion& asked) {
      return Leave{ExitCode::done, std::string(asked.what()) + "\n", {}};
    } catch (const CLI::ParseError& error) {
      return Leave{ExitCode::usage, {}, error.what() + advice()};
    } catch (const Error& error) {
      return Leave{ExitCode::usage, {}, std::string(error.message()) + advice()};
    }
  }

 private:
  std::string advice() const {
    const auto chosen = app_.get_subcommands();
    return "\nTry: weir " + (chosen.empty() ? std::string() : chosen.front()->get_name() + " ") + "--help";
  }

  /// CLI11 would say only that a command is missing.
  void refuse_unknown_command(int argc, const char* const* argv) const {
    if (argc < 2) throw Error(errc::invalid_argument, "a command is missing");
    if (argv[1][0] == '-') return;
    for (const auto& [command, kind] : commands_)
      if (command->check_name(argv[1])) return;
    throw Error(errc::invalid_argument, "there is no command \"" + excerpt(argv[1]) + "\"");
  }

  void add(const help::CommandText& text) {
    auto* command = app_.add_subcommand(std::string(text.name), std::string(text.summary));
    command->footer(std::string(text.examples));
    command->add_option(std::string(text.words), raw_.words, std::string(text.words_explained))->type_name("");
    commands_[command] = text.command;
    add_common(*command);
    const auto kind = text.command;
    const bool finds = kind == Command::search || kind == Command::count || kind == Command::export_ ||
                       kind == Command::copy || kind == Command::archive || kind == Command::explain;
    if (finds) add_query(*command, kind);
    if (kind == Command::get || kind == Command::search || kind == Command::export_) add_output(*command);
    if (kind == Command::put || kind == Command::import) add_input(*command);
    if (kind == Command::put || kind == Command::import || kind == Command::copy) add_writing(*command, kind);
    if (kind == Command::archive) add_archive(*command);
    if (kind == Command::stats) add_watch(*command);
  }

  void add_common(CLI::App& command) {
    command
        .add_option("--config", arguments_.config_file,
                    "YAML or JSON file of databases; @NAME instead of a URL is one of them")
        ->type_name("FILE");
    command.add_option("--name", raw_.name, "The entry of --config to use; then no URL is given")->type_name("NAME");
    command.add_option("--timeout", raw_.timeout, "Limit of each operation: 500ms, 30s, 2m")->type_name("TIME");
    command.add_flag("-q,--quiet", arguments_.quiet, "Nothing on stderr but errors");
    command.add_flag("-v,--verbose", arguments_.verbose, "Says on stderr what is being done");
  }

  void add_query(CLI::App& command, Command kind) {
    command.add_option("-w,--where", arguments_.where, "Filter, as in 'age >= 30 and name like \"A%\"'")
        ->type_name("TEXT")
        ->group(what);
    command.add_option("--query", arguments_.query, "The whole query as JSON: {\"where\": …, \"limit\": …}")
        ->type_name("JSON")
        ->group(what);
    if (kind == Command::count || kind == Command::archive) return;
    command.add_option("-o,--order-by", arguments_.order_by, "Order, as in age:desc,name")
        ->type_name("PATHS")
        ->group(what);
    command.add_option("-n,--limit", raw_.limit, "At most so many records")->type_name("N")->group(what);
    command.add_option("--offset", raw_.offset, "Leaves out the first N")->type_name("N")->group(what);
    command.add_option("-s,--select", arguments_.select, "Only these fields, as in name,address.city")
        ->type_name("PATHS")
        ->group(what);
    if (kind == Command::search || kind == Command::export_)
      command.add_option("--partition", raw_.partition, "One of several parts that together are the whole: 0/4 … 3/4")
          ->type_name("I/N")
          ->group(what);
  }

  void add_form(CLI::App& command) {
    command
        .add_flag("--flat", arguments_.flat, "Bare objects, not {\"id\", \"fields\", …}; the id is among the fields")
        ->group(how);
    command.add_option("--id-field", arguments_.id_field, "Where the id is in bare objects and CSV (default: id)")
        ->type_name("KEY")
        ->group(how);
    command
        .add_option("--delimiter", raw_.delimiter, "Between the cells of CSV: one character, or tab (default: comma)")
        ->type_name("CHAR")
        ->group(how);
  }

  void add_format(CLI::App& command, std::map<std::string, Format> known, const std::string& text) {
    command
        .add_option_function<std::string>(
            "-f,--format",
            [this, known](const std::string& name) {
              const auto found = known.find(name);
              if (found != known.end()) {
                arguments_.format = found->second;
                return;
              }
              std::string all;
              for (const auto& [each, format] : known) all += (all.empty() ? "" : ", ") + each;
              throw CLI::ValidationError("--format \"" + name + "\": the formats are " + all);
            },
            text)
        ->type_name("FORMAT")
        ->group(how);
  }

  void add_output(CLI::App& command) {
    add_format(command,
               {{"jsonl", Format::jsonl}, {"json", Format::json}, {"csv", Format::csv}, {"table", Format::table}},
               "jsonl (a record a line), json (one array), csv, table (for people)");
    add_form(command);
  }

  void add_input(CLI::App& command) {
    add_format(command, {{"jsonl", Format::jsonl}, {"json", Format::json}, {"csv", Format::csv}},
               "jsonl, json (an array), csv; by default what the file's name says");
    add_form(command);
    command.add_option("--at", arguments_.at, "The array inside a JSON document: /data/rows (RFC 6901)")
        ->type_name("POINTER")
        ->group(how);
    command
        .add_option("--types", arguments_.types, "Types of CSV columns: name:string,age:int; also float, bool, json")
        ->type_name("LIST")
        ->group(how);
    command.add_option("--max-line", raw_.max_line, "A longer line, element or row is an error (default: 16MiB)")
        ->type_name("SIZE")
        ->group(how);
  }

  template <class T>
  void add_choice(CLI::App& command, const char* option, std::optional<T>& target, std::map<std::string, T> known,
                  const std::string& text) {
    command
        .add_option_function<std::string>(
            option,
            [option, &target, known](const std::string& name) {
              const auto found = known.find(name);
              if (found != known.end()) {
                target = found->second;
                return;
              }
              std::string all;
              for (const auto& [each, value] : known) all += (all.empty() ? "" : ", ") + each;
              throw CLI::ValidationError(std::string(option) + " \"" + name + "\": should be one of " + all);
            },
            text)
        ->type_name("WHAT")
        ->group(writing);
  }

  void add_writing(CLI::App& command, Command kind) {
    add_choice<OnConflict>(command, "--on-conflict", arguments_.on_conflict,
                           {{"insert", OnConflict::insert}, {"upsert", OnConflict::upsert}, {"skip", OnConflict::skip}},
                           std::string("Ids stored already: insert (an error), upsert (replace), skip; default: ") +
                               (kind == Command::import ? "insert" : "upsert"));
    add_choice<OnError>(command, "--on-error", arguments_.on_error,
                        {{"stop", OnError::stop}, {"collect", OnError::collect}},
                        "At a bad line or record: stop (default), or collect (go on)");
    command
        .add_option("--rejects", arguments_.rejects,
                    "File for what was bad and why; goes on, as with --on-error collect")
        ->type_name("FILE")
        ->group(writing);
    if (kind == Command::put) return;
    command.add_option("--chunk", raw_.chunk, "Records in one write (default: 1000)")->type_name("N")->group(writing);
    command
        .add_option("--partitions", raw_.partitions,
                    kind == Command::copy ? "Parts read and written side by side (default: 1)"
                                          : "Writes in flight side by side (default: 1)")
        ->type_name("N")
        ->group(writing);
    command
        .add_option("--checkpoint", arguments_.checkpoint,
                    "File that says how far it came; the same command goes on from it")
        ->type_name("FILE")
        ->group(writing);
    command.add_flag("--verify", arguments_.verify, "Reads back what was written and compares")->group(writing);
    command.add_flag("--dry-run", arguments_.dry_run, "Reads and checks everything, writes nothing")->group(writing);
  }

  void add_archive(CLI::App& command) {
    command
        .add_flag("--remove", arguments_.remove_source,
                  "Removes from the source what the archive holds, when that has been read back")
        ->group(writing);
    command
        .add_flag("--discard-unfinished", arguments_.discard_unfinished,
                  "Removes the parts of an archive there that was never finished; only when nobody is writing it")
        ->group(writing);
  }

  void add_watch(CLI::App& command) {
    command.add_flag("--watch", arguments_.watch, "Again and again, until Ctrl-C");
    command.add_option("--interval", raw_.interval, "Time between two (default: 1s)")->type_name("TIME");
  }

  void understand();
  void take_words();
  std::string take_database();

  CLI::App app_;
  Arguments arguments_;
  Raw raw_;
  std::map<const CLI::App*, Command> commands_;
};

[[noreturn]] void refuse(const std::string& text) { throw Error(errc::invalid_argument, text); }

void Parser::understand() {
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  arguments_.command = commands_.at(app_.get_subcommands().front());
  take_words();
  if (!raw_.partition.empty()) arguments_.partition = parse_partition(raw_.partition);
  if (!raw_.timeout.empty()) arguments_.timeout = parse_duration("--timeout", raw_.timeout);
  if (!raw_.interval.empty()) arguments_.interval = parse_duration("--interval", raw_.interval);
  if (!raw_.max_line.empty()) arguments_.max_line = parse_size("--max-line", raw_.max_line);
  if (!raw_.limit.empty()) arguments_.limit = parse_number("--limit", raw_.limit, 0, most);
  if (!raw_.offset.empty()) arguments_.offset = parse_number("--offset", raw_.offset, 0, most);
  if (!raw_.chunk.empty()) arguments_.chunk = parse_number("--chunk", raw_.chunk, 1, 100'000);
  if (!raw_.partitions.empty()) arguments_.partitions = parse_number("--partitions", raw_.partitions, 1, 256);
  if (arguments_.max_line == 0) refuse("--max-line: should be more than 0");
  if (arguments_.interval.count() == 0) refuse("--interval: should be more than 0");
  if (!raw_.delimiter.empty()) {
    if (raw_.delimiter == "tab" || raw_.delimiter == "\\t") raw_.delimiter = "\t";
    const char delimiter = raw_.delimiter.front();
    if (raw_.delimiter.size() != 1 || delimiter == '"' || delimiter == '\n' || delimiter == '\r' ||
        static_cast<unsigned char>(delimiter) >= 0x80)
      refuse("--delimiter \"" + raw_.delimiter + "\": should be one ASCII character that is no quote, as in ; or tab");
    arguments_.delimiter = delimiter;
  }
  if (!arguments_.types.empty()) parse_types(arguments_.types);
  if (arguments_.id_field.empty()) refuse("--id-field: should not be empty");
  if (!arguments_.where.empty() && !arguments_.query.empty())
    refuse("--where and --query are two ways to say the same; give one of them");
  if (!arguments_.rejects.empty() && arguments_.on_error == OnError::stop)
    refuse("--rejects goes on after a bad record, --on-error stop does not; give one of them");
  if (arguments_.command == Command::copy && arguments_.on_error && arguments_.dry_run)
    refuse("--dry-run writes nothing that could be refused; leave --on-error out");
  if (arguments_.dry_run && arguments_.verify) refuse("--dry-run writes nothing that --verify could read back");
  if (arguments_.dry_run && !arguments_.checkpoint.empty())
    refuse("--dry-run writes nothing that --checkpoint could go on from");
}

std::string Parser::take_database() {
  if (!raw_.name.empty()) {
    if (arguments_.config_file.empty()) refuse("--name is an entry of a file: --config FILE is missing");
    return "@" + std::exchange(raw_.name, {});
  }
  if (raw_.words.empty()) refuse("the database is missing: a URL such as sqlite:people.db");
  auto word = raw_.words.front();
  raw_.words.erase(raw_.words.begin());
  if (word.empty()) refuse("the database is empty; it is a URL such as sqlite:people.db");
  if (word.starts_with('@') && arguments_.config_file.empty())
    refuse("\"" + word + "\" is an entry of a file: --config FILE is missing");
  return word;
}

void Parser::take_words() {
  arguments_.database = take_database();
  auto& words = raw_.words;
  const auto kind = arguments_.command;
  if (kind == Command::copy || kind == Command::archive) {
    if (words.empty())
      refuse(std::string(kind == Command::copy ? "copy" : "archive") + " needs two databases: from and to");
    arguments_.database2 = take_database();
  }
  if (kind == Command::get || kind == Command::rm) {
    if (words.empty()) refuse("an id is missing");
    arguments_.ids = std::exchange(words, {});
    for (const auto& id : arguments_.ids)
      if (id.empty() || id.size() > 512)
        refuse("an id has 1 to 512 bytes, and this one has " + std::to_string(id.size()));
  }
  if (kind == Command::import && words.empty()) refuse("the file is missing; - is standard input");
  if ((kind == Command::put || kind == Command::import || kind == Command::export_) && !words.empty()) {
    arguments_.file = words.front();
    words.erase(words.begin());
    if (arguments_.file.empty()) refuse("the name of the file is empty");
  }
  if (!words.empty()) refuse("\"" + words.front() + "\" is one argument too many");
}

}  // namespace

std::variant<Arguments, Leave> parse_arguments(int argc, const char* const* argv) {
  Parser parser;
  return parser.parse(argc, argv);
}

}  // namespace weir::cli
