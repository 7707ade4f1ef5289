#include "unit/config/support.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <set>

extern char** environ;

namespace weir::testing_support {
namespace {

std::size_t below(std::mt19937_64& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

bool is_read_by_config(const std::string& name) {
  static const auto foreign = [] {
    std::set<std::string> all;
    for (const auto& backend : configurable_backends())
      for (const auto& row : option_rows(backend)) all.insert(row.variables().begin(), row.variables().end());
    return all;
  }();
  return name.starts_with("WEIR_") || foreign.contains(name);
}

std::string random_text(std::mt19937_64& random, std::size_t longest) {
  static const std::vector<std::string> pieces = {
      "a",    "Z",    "0",   " ",   "%",   "&",           "=", "+", "#", "?",  "/",        "\\",
      ":",    "@",    ",",   ";",   "\"",  "'",           "[", "]", "{", "}",  "|",        "~",
      "\n",   "\t",   "$",   "*",   "***", "!",           "-", "_", ".", "<<", "\xC3\xA9", "\xF0\x9F\x98\x80",
      "true", "null", "0x1", "%41", "://", "\xE2\x80\xA8"};
  std::string text;
  const auto count = below(random, 12);
  for (std::size_t i = 0; i < count; ++i)
    if (const auto& piece = pieces[below(random, pieces.size())]; text.size() + piece.size() <= longest) text += piece;
  return text;
}

std::string random_host(std::mt19937_64& random) {
  static const std::vector<std::string> names = {"localhost", "db-1.example.org", "10.0.0.1", "[::1]",
                                                 "[fe80::1%eth0]"};
  return names[below(random, names.size())] + ":" + std::to_string(1 + below(random, 65'535));
}

std::string escaped_list(const Json& list) {
  std::string text;
  for (const auto& element : list) {
    if (!text.empty()) text += ',';
    for (const char c : element.get<std::string>()) {
      if (c == ',' || c == '\\' || c == ' ' || c == '\t') text += '\\';
      text += c;
    }
  }
  return text;
}

std::string as_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_array() ? escaped_list(value) : value.dump();
}

// JSON's short escapes are a part of YAML's for double quotes.
std::string quoted(const std::string& text) { return Json(text).dump(); }

}  // namespace

Environment::Environment(const std::map<std::string, std::string>& variables) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const auto name = text.substr(0, text.find('='));
    if (is_read_by_config(name)) saved_[name] = text.substr(name.size() + 1);
  }
  for (const auto& [name, value] : saved_) unsetenv(name.c_str());
  for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
}

Environment::~Environment() {
  std::vector<std::string> ours;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (auto name = text.substr(0, text.find('=')); is_read_by_config(name)) ours.push_back(std::move(name));
  }
  for (const auto& name : ours) unsetenv(name.c_str());
  for (const auto& [name, value] : saved_) setenv(name.c_str(), value.c_str(), 1);
}

Files::Files() {
  static std::atomic<unsigned> number{0};
  directory_ = std::filesystem::temp_directory_path() /
               ("weir-config-" + std::to_string(getpid()) + "-" + std::to_string(number++));
  std::filesystem::create_directories(directory_);
}

Files::~Files() {
  std::error_code ignored;  // what is left in the temporary directory harms no test
  std::filesystem::remove_all(directory_, ignored);
}

std::string Files::write(const std::string& name, std::string_view content) const {
  std::ofstream out(directory_ / name, std::ios::binary);
  out << content;
  EXPECT_TRUE(out.flush().good());
  return path(name);
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

Config from_yaml(const std::string& text) {
  const Files files;
  return Config::load(files.write("databases.yaml", text), "main");
}

Config from_variables(const std::string& backend, const std::map<std::string, std::string>& variables) {
  const Environment environment(variables);
  return Config::from_environment(backend);
}

const std::vector<std::string> library = {"memory", "sqlite", "postgres", "elasticsearch", "s3", "mongodb"};

Json sample(const OptionRow& row) {
  switch (row.type()) {
    case OptionType::boolean: return row.default_value() != "true";
    case OptionType::uint: return std::min(row.maximum(), row.minimum() + 7);
    case OptionType::duration:
    case OptionType::size: return row.minimum() + 12'345;
    case OptionType::integer: return -7;
    case OptionType::choice:
      return row.choices().back() == row.default_value() ? row.choices().front() : row.choices().back();
    case OptionType::text: return "value of " + row.name();
    case OptionType::list: return row.name() == "hosts" ? Json({"a:1", "b:2"}) : Json({"x,y", " z\\"});
  }
  return nullptr;
}

std::string as_url(const std::string& backend, const Options& options) {
  const bool with_slashes = backend != "memory" && backend != "sqlite";
  std::string url = backend + (with_slashes ? "://?" : ":?");
  for (const auto& [name, value] : options) url += name + "=" + percent_encoded(as_text(value)) + "&";
  return url;
}

Json as_json(const std::string& backend, const Options& options) {
  Json json = {{"backend", backend}};
  for (const auto& [name, value] : options) json[name] = value;
  return json;
}

std::string as_yaml(const std::string& backend, const Options& options, std::mt19937_64& random) {
  std::string own = "    backend: " + backend + "\n", pool, retry;
  for (const auto& [name, value] : options) {
    std::string text;
    if (value.is_array() && below(random, 2) == 0) {
      for (const auto& element : value) text += (text.empty() ? "" : ", ") + quoted(element.get<std::string>());
      text = "[" + text + "]";
    } else if (value.is_string() || value.is_array() || below(random, 2) == 0) {
      text = quoted(as_text(value));
    } else {
      text = value.dump();
    }
    const auto where = below(random, 3);
    if (where == 0 && name.starts_with("retry.")) {
      retry += "      " + name.substr(6) + ": " + text + "\n";
    } else if (where == 1) {
      pool += "      " + name + ": " + text + "\n";
    } else {
      own += "    " + name + ": " + text + "\n";
    }
  }
  std::string out = "# generated\ndatabases:\n  other: {backend: memory}\n  main:\n" + own;
  if (!pool.empty()) out += "    pool:\n" + pool;
  if (!retry.empty()) out += "    retry:\n" + retry;
  return out;
}

std::map<std::string, std::string> as_variables(const std::string& backend, const Options& options) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : options) {
    auto variable = "WEIR_" + backend + "_" + name;
    for (char& c : variable) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    result[variable] = as_text(value);
  }
  return result;
}

Json random_value(const OptionRow& row, std::mt19937_64& random, const std::vector<std::string>& files) {
  switch (row.type()) {
    case OptionType::boolean: return below(random, 2) == 0;
    case OptionType::uint:
    case OptionType::duration:
    case OptionType::size: {
      if (below(random, 4) == 0) return row.minimum();
      if (below(random, 4) == 0) return row.maximum();
      return std::uniform_int_distribution<std::uint64_t>(row.minimum(), row.maximum())(random);
    }
    case OptionType::integer: return std::uniform_int_distribution<std::int64_t>()(random);
    case OptionType::choice: return row.choices()[below(random, row.choices().size())];
    case OptionType::text:
      if (row.file()) return files[below(random, files.size())];
      return random_text(random, static_cast<std::size_t>(row.maximum()));
    case OptionType::list: {
      Json list = Json::array();
      const auto count = below(random, 4);
      for (std::size_t i = 0; i < count; ++i) {
        auto element = row.name() == "hosts" ? random_host(random) : random_text(random, 100);
        if (!element.empty()) list.push_back(std::move(element));
      }
      return list;
    }
  }
  return nullptr;
}

}  // namespace weir::testing_support
