// The tables of docs/configuration.md are what the option table says. After a change of the table, write them anew:
//
//     WEIR_UPDATE_DOCS=1 ctest -R config_test.Documentation

#include "unit/config/support.hpp"

#include <weir/config.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>

namespace weir {
namespace {

using testing_support::library;

constexpr const char* file = WEIR_SOURCE_DIR "/docs/configuration.md";

std::string type_of(const OptionRow& row) {
  switch (row.type()) {
    case OptionType::boolean: return "true or false";
    case OptionType::uint: return "number";
    case OptionType::integer: return "signed number";
    case OptionType::duration: return "duration";
    case OptionType::size: return "size";
    case OptionType::text: return row.file() ? "file" : row.secret() ? "secret" : "text";
    case OptionType::list: return "list";
    case OptionType::choice: {
      std::string words;
      for (const auto& word : row.choices()) words += (words.empty() ? "" : ", ") + ("`" + word + "`");
      return words;
    }
  }
  return {};
}

std::string code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string default_of(const OptionRow& row) {
  return row.default_value().starts_with('=') ? "as " + code(row.default_value().substr(1)) : code(row.default_value());
}

OptionRow row_of(const std::string& backend, const std::string& name) {
  for (auto& row : option_rows(backend))
    if (row.name() == name) return row;
  return {};
}

// "`10`, elasticsearch and s3 `32`" for a row that all backends have.
std::string defaults_of(const std::string& name) {
  const auto common = row_of("memory", name);
  std::map<std::string, std::string> others;
  for (const auto& backend : library)
    if (const auto row = row_of(backend, name); row.default_value() != common.default_value())
      others[row.default_value()] += (others[row.default_value()].empty() ? "" : " and ") + backend;
  auto text = default_of(common);
  for (const auto& [value, backends] : others) text += ", " + backends + " " + code(value);
  return text;
}

bool is_common(const std::string& name) {
  return std::all_of(library.begin(), library.end(),
                     [&](const std::string& backend) { return !row_of(backend, name).name().empty(); });
}

std::string joined_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + code(name);
  return text;
}

std::string line(const OptionRow& row, const std::string& defaults) {
  auto also = row.aliases();
  also.insert(also.end(), row.variables().begin(), row.variables().end());
  also.erase(std::unique(also.begin(), also.end()), also.end());
  return "| " + code(row.name()) + " | " + type_of(row) + " | " + defaults + " | " + row.description() + " | " +
         joined_names(also) + " |\n";
}

constexpr const char* head = "| option | type | default | meaning | also known as |\n| --- | --- | --- | --- | --- |\n";

// The names that rows of all backends have with one of them only, such as POSTGRES_POOL_TIMEOUT, are shown, too.
OptionRow with_all_aliases(const std::string& name) {
  auto result = row_of("memory", name);
  std::vector<std::string> aliases = result.aliases(), variables = result.variables();
  const auto add = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    for (const auto& each : from)
      if (std::find(to.begin(), to.end(), each) == to.end()) to.push_back(each);
  };
  for (const auto& backend : library) {
    add(aliases, row_of(backend, name).aliases());
    add(variables, row_of(backend, name).variables());
  }
  return result.aliases(std::move(aliases)).variables(std::move(variables));
}

std::string table(const std::string& which) {
  std::string text = head;
  if (which == "call" || which == "pool") {
    for (const auto& row : option_rows("memory"))
      if (is_common(row.name()) && (row.scope() == OptionScope::call) == (which == "call"))
        text += line(with_all_aliases(row.name()), defaults_of(row.name()));
    return text;
  }
  for (const auto& row : option_rows(which))
    if (!is_common(row.name())) text += line(row, default_of(row));
  return text;
}

// The page with each table between its two marks written anew.
std::string renewed(std::string page) {
  auto names = library;
  names.insert(names.end(), {"pool", "call"});
  for (const auto& name : names) {
    const auto begin = "<!-- options of " + name + " -->\n";
    const std::string end = "<!-- end -->";
    const auto from = page.find(begin);
    EXPECT_NE(from, std::string::npos) << begin;
    if (from == std::string::npos) continue;
    const auto to = page.find(end, from);
    EXPECT_NE(to, std::string::npos) << begin;
    page.replace(from, to - from, begin + "\n" + table(name) + "\n");
  }
  return page;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Documentation, has_every_option_as_the_table_has_it) {
  const auto page = read(file);
  ASSERT_FALSE(page.empty()) << file;
  const auto wanted = renewed(page);
  if (std::getenv("WEIR_UPDATE_DOCS") != nullptr) {
    std::ofstream(file, std::ios::binary) << wanted;
    return;
  }
  EXPECT_TRUE(page == wanted) << "docs/configuration.md is behind the option table; see the head of this test";
  for (const auto& backend : library)
    for (const auto& row : option_rows(backend))
      EXPECT_NE(page.find("| `" + row.name() + "` |"), std::string::npos) << backend << " " << row.name();
}

// Every example of the page is read.
TEST(Documentation, has_examples_that_work) {
  const auto page = read(file);
  const testing_support::Files files;
  std::size_t urls = 0, jsons = 0, yamls = 0;
  for (std::size_t at = 0; (at = page.find("\n```", at)) != std::string::npos;) {
    const auto language_end = page.find('\n', at + 4);
    const auto language = page.substr(at + 4, language_end - at - 4);
    const auto end = page.find("\n```", language_end);
    ASSERT_NE(end, std::string::npos);
    const auto body = page.substr(language_end + 1, end - language_end);
    at = end + 4;
    SCOPED_TRACE(body);
    if (language == "url") {
      std::istringstream lines(body);
      for (std::string url; std::getline(lines, url); ++urls) EXPECT_NO_THROW(Config::from_url(url).validate()) << url;
    } else if (language == "json") {
      ++jsons;
      EXPECT_NO_THROW(Config::from_json(Json::parse(body)).validate());
    } else if (language == "yaml") {
      ++yamls;
      for (const char* name : {"people", "archive"})
        EXPECT_NO_THROW(Config::load(files.write("x.yaml", body), name).validate()) << name;
    }
  }
  EXPECT_GE(urls, 8U);
  EXPECT_GE(jsons, 1U);
  EXPECT_GE(yamls, 1U);
}

}  // namespace
}  // namespace weir
