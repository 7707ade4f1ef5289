#include "cli/program.hpp"

#include "cli/failure.hpp"
#include "cli/formats/json_text.hpp"
#include "cli/formats/problem.hpp"
#include "cli/values.hpp"

#include <weir/config.hpp>

#include <utility>

namespace weir::cli {
namespace {

Config configuration(const Arguments& arguments, const std::string& word) {
  constexpr std::string_view environment = "env:";
  if (word.starts_with('@')) {
    try {
      return Config::load(arguments.config_file, word.substr(1));
    } catch (const Error& error) {
      throw Failure(ExitCode::usage, std::string(error.message()));
    }
  }
  if (word.starts_with(environment)) return Config::from_environment(word.substr(environment.size()));
  if (word.find(':') == std::string::npos)
    throw Failure(ExitCode::usage,
                  "\"" + excerpt(word) + "\" is no URL; a database file is named sqlite:" + excerpt(word));
  return Config::from_url(word);
}

}  // namespace

awaitable<AsyncDatabase> open_database(Program& program, std::string word) {
  const auto config = configuration(program.arguments, word);
  program.messages.detail("database " + config.to_string());
  auto database = co_await AsyncDatabase::open(config);
  program.opened.push_back(database);
  if (!program.arguments.timeout) co_return database;
  const auto options = CallOptions{}.timeout(program.arguments.timeout);
  co_return database.with(options);
}

Query make_query(const Arguments& arguments) {
  Query query;
  if (!arguments.where.empty()) {
    try {
      query = Query::parse(arguments.where);
    } catch (const Error& error) {
      throw Failure(ExitCode::usage, "--where \"" + excerpt(arguments.where) + "\": " + std::string(error.message()));
    }
  }
  if (!arguments.query.empty()) {
    try {
      query = Query::from_json(parse_json(arguments.query));
    } catch (const JsonTextError& error) {
      throw Failure(ExitCode::usage,
                    "--query is not JSON: at character " + std::to_string(error.position()) + ": " + error.reason());
    } catch (const Error& error) {
      throw Failure(ExitCode::usage, "--query: " + std::string(error.message()));
    }
  }
  if (!arguments.order_by.empty())
    for (auto& [path, order] : parse_order(arguments.order_by)) query.order_by(std::move(path), order);
  if (arguments.limit) query.limit(*arguments.limit);
  if (arguments.offset) query.offset(*arguments.offset);
  if (!arguments.select.empty()) query.select(split_list("--select", arguments.select));
  return query;
}

Format format_of(const Arguments& arguments, const std::string& file, Format otherwise) {
  if (arguments.format) return *arguments.format;
  if (!arguments.at.empty()) return Format::json;
  if (!arguments.types.empty()) return Format::csv;
  if (file.ends_with(".csv") || file.ends_with(".tsv")) return Format::csv;
  if (file.ends_with(".json")) return Format::json;
  if (file.ends_with(".jsonl") || file.ends_with(".ndjson")) return Format::jsonl;
  return otherwise;
}

}  // namespace weir::cli
