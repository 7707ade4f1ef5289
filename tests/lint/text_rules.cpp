#include "lint/text_rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace weir::lint {
namespace {

// Spelt in two parts, since this file is looked at too.
struct Word {
  std::string text;
  bool whole;
};

const std::vector<Word>& unfinished_words() {
  static const std::vector<Word> words{{std::string("TO") + "DO", true},
                                       {std::string("FIX") + "ME", true},
                                       {std::string("XX") + "X", true},
                                       {std::string("HA") + "CK", true},
                                       {std::string("not imple") + "mented", false},
                                       {std::string("unimple") + "mented", false},
                                       {std::string("/wo") + "rk/", false},
                                       {std::string("/ro") + "ot/", false},
                                       {std::string("DISA") + "BLED_", false}};
  return words;
}

std::string line_at(const SourceFile& file, std::size_t at) {
  const auto start = file.text.rfind('\n', at) + 1;  // npos + 1 is the start
  return file.text.substr(start, file.text.find('\n', at) - start);
}

void find_all(const SourceFile& file, std::string_view text, std::string_view word, bool whole, const std::string& rule,
              std::vector<Finding>& findings) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1))
    if (!whole || is_word_at(text, at, word))
      findings.push_back({file.path, file.line_of(at), rule, line_at(file, at)});
}

}  // namespace

std::vector<Finding> check_words(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const auto& file : files)
    for (const auto& word : unfinished_words())
      find_all(file, file.text, word.text, word.whole, "a word that does not belong here", findings);
  return findings;
}

std::vector<Finding> check_sleeping(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const auto& file : files) {
    const bool looked_at = file.is_under("src") || file.is_under("include") || file.is_under("tests");
    if (!looked_at || !file.is_cpp()) continue;
    for (const std::string_view word : {"sleep_for", "sleep_until", "usleep", "nanosleep", "::sleep"})
      find_all(file, file.code, word, true, "sleeping instead of waiting for an event", findings);
  }
  return findings;
}

std::vector<Finding> check_swallowed_errors(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const auto& file : files) {
    if (!file.is_cpp()) continue;
    for (auto at = find_word(file.code, "catch"); at != std::string::npos; at = find_word(file.code, "catch", at + 1)) {
      const auto open = file.code.find('{', at);
      const auto close = file.code.find('}', at);
      if (open == std::string::npos || close == std::string::npos || close < open) continue;
      // An empty handler says in a comment why nothing has to be done.
      const auto body = file.text.substr(open + 1, close - open - 1);
      if (std::ranges::all_of(body, [](unsigned char c) { return std::isspace(c) != 0; }))
        findings.push_back(
            {file.path, file.line_of(at), "an error is swallowed without a word of why", line_at(file, at)});
    }
  }
  return findings;
}

std::vector<Finding> check_file_sizes(const std::vector<SourceFile>& files, std::size_t lines) {
  std::vector<Finding> findings;
  for (const auto& file : files) {
    if (!file.is_cpp()) continue;
    const auto count = static_cast<std::size_t>(std::ranges::count(file.text, '\n'));
    if (count > lines) findings.push_back({file.path, count, "long file", std::to_string(count) + " lines"});
  }
  return findings;
}

}  // namespace weir::lint
