#pragma once

#include "cli/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli::test {

using Json = nlohmann::json;

inline std::vector<std::string> weir_command(std::vector<std::string> words) {
  words.insert(words.begin(), WEIR_TOOL);
  return words;
}

/// Runs the tool to its end.
inline ProcessResult weir(std::vector<std::string> words, std::string_view input = {}, ProcessOptions options = {}) {
  Process process(weir_command(std::move(words)), std::move(options));
  if (!input.empty()) process.write(input);
  return process.wait();
}

/// A directory of its own for each test, with a database in it.
class ToolTest : public testing::Test {
 protected:
  ToolTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-tool-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    std::filesystem::permissions(directory_, std::filesystem::perms(0755));
  }
  ~ToolTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::string database(const std::string& name = "data.db") const { return "sqlite:" + path(name); }
  std::string file(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string content(const std::string& name) const {
    std::ifstream stream(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }

  std::filesystem::path directory_;
};

/// The values of JSON lines.
inline std::vector<Json> lines(const std::string& text) {
  std::vector<Json> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
  return all;
}

/// Flat records 0 … count-1 as JSON lines.
inline std::string numbered(std::size_t begin, std::size_t end, bool with_id = true) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    text += with_id ? "{\"id\":\"k" + std::to_string(i) + "\"," : "{";
    text += "\"n\":" + std::to_string(i) + ",\"name\":\"number " + std::to_string(i) + "\"}\n";
  }
  return text;
}

}  // namespace weir::cli::test
