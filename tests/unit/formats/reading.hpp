#pragma once

#include "cli/formats/document_reader.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace weir::cli::test {

/// What came out of an input: values, problems as text, and the error that ended it.
struct Outcome {
  std::vector<Json> values;
  std::vector<std::uint64_t> lines;  ///< of the values
  std::vector<std::string> problems;
  std::vector<errc> codes;  ///< of the problems
  std::string error;
};

inline Outcome read_all(std::string text, ReaderOptions options, std::size_t step = std::string::npos) {
  Outcome outcome;
  options.file("in");
  MemorySource source(std::move(text), step);
  try {
    const auto reader = make_reader(source, options);
    Document document;
    while (reader->next(document)) {
      if (document.problem) {
        outcome.problems.push_back(describe("in", *document.problem));
        outcome.codes.push_back(document.problem->code);
      } else {
        outcome.values.push_back(std::move(document.value));
        outcome.lines.push_back(document.line);
      }
    }
  } catch (const Error& error) {
    outcome.error = std::string(error.message());
  }
  return outcome;
}

inline ReaderOptions jsonl() { return ReaderOptions{}; }
inline ReaderOptions json(std::string at = {}) { return ReaderOptions{}.format(Format::json).at(std::move(at)); }
inline ReaderOptions csv(std::string types = {}) { return ReaderOptions{}.format(Format::csv).types(std::move(types)); }

}  // namespace weir::cli::test
