#pragma once

#include "cli/formats/byte_source.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::cli {

/// A window over a ByteSource that grows as far as its user asks and slides as it consumes.
class BufferedInput {
 public:
  /// `offset` is where in the file the source begins, so that positions are those of the file.
  explicit BufferedInput(ByteSource& source, std::uint64_t offset = 0) : source_(source), offset_(offset) {}

  /// What was read and not consumed yet. Valid until the next fill().
  std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }
  /// Reads more behind view(); false at the end of the source, and ever after.
  bool fill();
  void consume(std::size_t bytes) {
    begin_ += bytes;
    offset_ += bytes;
  }
  /// The place in the file of the first byte of view().
  std::uint64_t offset() const { return offset_; }

 private:
  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_;
  bool ended_ = false;
};

}  // namespace weir::cli
