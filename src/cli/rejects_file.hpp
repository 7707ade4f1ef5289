#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

/// What was bad, as lines of JSON: {"file", "line", "reason", "text"}, or with "id" in place of the line for records
/// that came from a database.
class RejectsFile {
 public:
  /// Empty name: rejects are only counted. Begins the file anew, unless it is to go on.
  RejectsFile(const std::string& file, bool go_on);
  RejectsFile(const RejectsFile&) = delete;
  RejectsFile& operator=(const RejectsFile&) = delete;
  ~RejectsFile();

  void add(std::string_view source, std::uint64_t line, std::string_view reason, std::string_view text);
  void add(std::string_view source, const std::string& id, std::string_view reason, std::string_view text);
  /// Failure when it cannot be written.
  void flush();

 private:
  std::string file_;
  std::string buffer_;
  int descriptor_ = -1;
};

}  // namespace weir::cli
