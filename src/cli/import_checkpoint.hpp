#pragma once

#include "cli/formats/json_text.hpp"
#include "cli/input.hpp"
#include "cli/record_ids.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::cli {

struct ImportCounts {
  std::uint64_t written = 0;
  std::uint64_t skipped = 0;   ///< stored already: with --on-conflict skip, or before a resumed import was interrupted
  std::uint64_t rejected = 0;  ///< bad items and refused records
};

/// How far an import came. Everything before `position` was written (or rejected).
struct ImportState {
  RecordIds ids{0, 0};
  std::string target;  ///< the database, without secrets
  Json reader;         ///< how the input is read: format, at, types …
  Json position;       ///< null: at the beginning
  std::uint64_t offset = 0;
  ImportCounts counts;
};

/// The file that says how far an import came. It is replaced in one step, so that it is whole at every moment.
class ImportCheckpoint {
 public:
  explicit ImportCheckpoint(std::string file) : file_(std::move(file)) {}

  /// What a former run left, or nothing. Failure when it is no checkpoint.
  std::optional<ImportState> load();
  /// Failure (usage) when the state belongs to another target or way of reading, or the input is another file. Leaves
  /// the input at state.offset.
  void continue_from(const ImportState& state, const ImportState& wanted, Input& input) const;
  void save(const ImportState& state, const Input& input);
  void remove();
  const std::string& file() const { return file_; }

 private:
  [[noreturn]] void fail(const std::string& why, int error) const;

  std::string file_;
  Json fingerprint_;  // of the input, as a former run saw it
};

}  // namespace weir::cli
