#include "lint/source_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

namespace weir::lint {
namespace {

// Overwrites [from, to) with spaces, but not its line ends.
void blank(std::string& out, std::size_t from, std::size_t to) {
  for (auto i = from; i < std::min(to, out.size()); ++i)
    if (out[i] != '\n') out[i] = ' ';
}

std::size_t end_of_quoted(std::string_view text, std::size_t start) {
  const char quote = text[start];
  for (auto i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

std::size_t end_of_raw_string(std::string_view text, std::size_t quote) {
  const auto open = text.find('(', quote);
  if (open == std::string_view::npos) return text.size();
  const auto close = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
  const auto end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

bool is_skipped(const std::filesystem::path& folder) {
  const auto name = folder.filename().string();
  return name.starts_with("build") || (name.starts_with(".") && name != ".ci") || name == "results";
}

bool is_text(const std::filesystem::path& file) {
  static constexpr std::array extensions{".cpp", ".hpp", ".h",    ".c",    ".in", ".txt", ".cmake",
                                         ".md",  ".yml", ".yaml", ".json", ".py", ".sh",  ""};
  const auto extension = file.extension().string();
  return std::ranges::any_of(extensions, [&](const char* known) { return extension == known; });
}

}  // namespace

std::string blank_comments_and_literals(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i, 2) == "//") {
      const auto end = std::min(text.find('\n', i), text.size());
      blank(out, i, end);
      i = end;
    } else if (text.substr(i, 2) == "/*") {
      const auto close = text.find("*/", i + 2);
      const auto end = close == std::string_view::npos ? text.size() : close + 2;
      blank(out, i, end);
      i = end;
    } else if (text[i] == '"') {
      const bool raw = i > 0 && text[i - 1] == 'R';
      const auto end = raw ? end_of_raw_string(text, i) : end_of_quoted(text, i);
      blank(out, i + 1, end - 1);  // the quotes stay, so that an argument is still seen to be there
      i = end;
    } else if (text[i] == '\'' && (i == 0 || !is_identifier(text[i - 1]))) {  // else a digit separator
      const auto end = end_of_quoted(text, i);
      blank(out, i + 1, end - 1);
      i = end;
    } else {
      ++i;
    }
  }
  return out;
}

SourceFile::SourceFile(std::string file_path, std::string file_text)
    : path(std::move(file_path)),
      text(std::move(file_text)),
      code(is_cpp() ? blank_comments_and_literals(text) : text) {}

std::size_t SourceFile::line_of(std::size_t position) const {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(position, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

bool SourceFile::is_cpp() const { return path.ends_with(".cpp") || path.ends_with(".hpp"); }

bool SourceFile::is_under(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::vector<SourceFile> load_tree(const std::filesystem::path& root) {
  std::vector<SourceFile> files;
  for (auto it = std::filesystem::recursive_directory_iterator(root);
       it != std::filesystem::recursive_directory_iterator(); ++it) {
    if (it->is_directory() && is_skipped(it->path())) {
      it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file() || it->path().filename() == ".git" || !is_text(it->path())) continue;
    std::ifstream in(it->path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    files.emplace_back(std::filesystem::relative(it->path(), root).generic_string(), std::move(text));
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

bool is_word_at(std::string_view text, std::size_t position, std::string_view word) {
  if (text.substr(position, word.size()) != word) return false;
  const auto end = position + word.size();
  return (position == 0 || !is_identifier(text[position - 1])) && (end >= text.size() || !is_identifier(text[end]));
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t position) {
  for (auto at = text.find(word, position); at != std::string_view::npos; at = text.find(word, at + 1))
    if (is_word_at(text, at, word)) return at;
  return std::string_view::npos;
}

std::string describe(const std::vector<Finding>& findings) {
  std::string out;
  for (const auto& finding : findings)
    out += finding.file + ":" + std::to_string(finding.line) + ": " + finding.rule + ": " + finding.text + "\n";
  return out;
}

}  // namespace weir::lint
