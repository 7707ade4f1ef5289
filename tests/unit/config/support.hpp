#pragma once

#include <weir/config.hpp>
#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace weir::testing_support {

/// The text of the Error{invalid_argument} that the call ends with.
template <class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), errc::invalid_argument) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

/// An environment in which only these variables of those that Config reads are set; the old one comes back at the end.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::map<std::string, std::string> saved_;
};

/// A directory of its own with files in it, gone at the end.
class Files {
 public:
  Files();
  ~Files();
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  /// Writes the file; gives its path.
  std::string write(const std::string& name, std::string_view content) const;
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

 private:
  std::filesystem::path directory_;
};

/// Option names and values as Config::to_json gives them, by the rows of the table.
using Options = std::map<std::string, Json>;

/// The same options in each of the four forms, written without the library's own writers.
std::string as_url(const std::string& backend, const Options& options);
Json as_json(const std::string& backend, const Options& options);
/// A file with the database `main`; random in what YAML leaves open.
std::string as_yaml(const std::string& backend, const Options& options, std::mt19937_64& random);
std::map<std::string, std::string> as_variables(const std::string& backend, const Options& options);

/// A legal value for an option; `files` are what options that name a file choose from.
Json random_value(const OptionRow& row, std::mt19937_64& random, const std::vector<std::string>& files);

/// The database `main` of a YAML text, through a file.
Config from_yaml(const std::string& text);
/// With these variables and no others that Config reads.
Config from_variables(const std::string& backend, const std::map<std::string, std::string>& variables);

/// The backends of the library.
extern const std::vector<std::string> library;

/// A legal value that is not the default, so that having been read makes a difference.
Json sample(const OptionRow& row);

std::string percent_encoded(std::string_view text);

}  // namespace weir::testing_support
