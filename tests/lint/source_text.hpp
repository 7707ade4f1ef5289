#pragma once

#include <cctype>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weir::lint {

/// What a name is made of.
inline bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// One place where a rule is broken.
struct Finding {
  std::string file;
  std::size_t line = 0;
  std::string rule;
  std::string text;
};

/// A file of the repository; `path` is relative to its root, with forward slashes.
struct SourceFile {
  std::string path;
  std::string text;
  /// The same length, with comments, string and character literals turned into spaces (line ends are kept).
  std::string code;

  SourceFile(std::string file_path, std::string file_text);
  std::size_t line_of(std::size_t position) const;
  bool is_cpp() const;
  bool is_under(std::string_view folder) const;
};

/// `text` without comments and literals. Understands raw strings and digit separators.
std::string blank_comments_and_literals(std::string_view text);

/// Every text file of the repository below `root`, build folders and version control left out, sorted by path.
std::vector<SourceFile> load_tree(const std::filesystem::path& root);

/// Whether the word at `position` of `text` is `word` with no identifier character on either side.
bool is_word_at(std::string_view text, std::size_t position, std::string_view word);
/// Where `word` next stands as a whole word, from `position` on; npos when nowhere.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t position = 0);

std::string describe(const std::vector<Finding>& findings);

}  // namespace weir::lint
