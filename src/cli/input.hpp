#pragma once

#include "cli/formats/byte_source.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace weir::cli {

/// Thrown out of a read that interrupt() ended, or whose input was ended by what interrupts this program too.
class Interrupted final : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// A file, a pipe, or "-" for standard input. Failure for what cannot be opened or read.
class Input final : public ByteSource {
 public:
  explicit Input(const std::string& file);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() override;

  std::size_t read(std::span<char> buffer) override;
  /// Ends a read() that waits, and all that follow, with Interrupted. From any thread.
  void interrupt() noexcept;
  /// The end of a pipe is Interrupted where this says so: its writer may have been ended by the same Ctrl-C, in the
  /// middle of a line. Called on the thread that reads.
  void ends_with(std::function<bool()> interruption) { interruption_ = std::move(interruption); }
  /// Steps over bytes: seeks in a file, reads and drops them from a pipe.
  void skip(std::uint64_t bytes);

  /// The first bytes that were read (or skipped), at most 4 KiB. From any thread.
  std::string head(std::size_t size) const;
  /// Bytes of a regular file, wherever reading is. From any thread.
  std::string peek(std::uint64_t offset, std::uint64_t size) const;

  /// Of a regular file.
  const std::optional<std::uint64_t>& size() const { return size_; }
  /// "people.jsonl", "standard input".
  const std::string& name() const { return name_; }
  int descriptor() const { return descriptor_; }

 private:
  void remember(std::string_view bytes);

  std::string name_;
  int descriptor_ = -1;
  int wake_ = -1;  // an eventfd that becomes readable to end a wait
  std::optional<std::uint64_t> size_;
  std::function<bool()> interruption_;
  mutable std::mutex mutex_;
  std::string head_;  // of what is no regular file
};

}  // namespace weir::cli
