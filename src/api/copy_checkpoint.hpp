#pragma once

#include <weir/config.hpp>
#include <weir/query.hpp>
#include <weir/results.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How far a copy came: pure, files are read and written elsewhere.
namespace weir::detail {

/// What makes two copies the same. Digests: a checkpoint holds neither secrets nor the names of hosts.
class CopyIdentity {
 public:
  CopyIdentity() = default;
  CopyIdentity(const Config& source, const Query& query, const Config& target, std::size_t partitions);

  std::string source;
  std::string query;
  std::string target;
  std::size_t partitions = 0;

  /// Empty when both are the same, else which of the four differ: "source, partitions".
  std::string difference(const CopyIdentity& other) const;
};

/// One partition.
class CopyPosition {
 public:
  CopyPosition() = default;
  /// The id up to which everything was dealt with; records come in the order of their ids.
  std::optional<std::string> last;
  bool done = false;
  CopyStats counts;  ///< without `elapsed`
};

class CopyCheckpoint {
 public:
  CopyCheckpoint() = default;
  CopyCheckpoint(CopyIdentity copy, std::size_t partitions) : identity(std::move(copy)), positions(partitions) {}

  CopyIdentity identity;
  std::vector<CopyPosition> positions;
  std::optional<std::uint64_t> total;
  /// Ids (of the source) of what the target refused: verification leaves them out.
  std::vector<std::string> rejected;

  CopyStats stats() const;
  std::string to_text() const;
  /// `corrupt_data` for what no copy wrote, `unsupported` for a version that is not known here. `name` is for the
  /// texts.
  static CopyCheckpoint from_text(std::string_view text, std::string_view name);
};

}  // namespace weir::detail
