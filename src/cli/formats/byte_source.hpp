#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace weir::cli {

/// Where the bytes of an input come from. The readers are pure code over it; files and pipes are one implementation.
class ByteSource {
 public:
  /// Fills the beginning of `buffer`, blocking if it must, and says how many bytes; 0 is the end. Throws Error.
  virtual std::size_t read(std::span<char> buffer) = 0;
  virtual ~ByteSource() = default;

 protected:
  ByteSource() = default;
  ByteSource(const ByteSource&) = default;
  ByteSource& operator=(const ByteSource&) = default;
};

/// Bytes in memory, given in pieces of at most `step`, as a pipe would.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes, std::size_t step = std::string::npos)
      : bytes_(std::move(bytes)), step_(step) {}
  std::size_t read(std::span<char> buffer) override {
    const std::size_t size = std::min({buffer.size(), step_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, size, buffer.data());
    at_ += size;
    return size;
  }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
};

}  // namespace weir::cli
