#pragma once

#include <weir/export.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

/// Compression of a part of an archive, piece by piece: gzip (RFC 1952) or Zstandard (RFC 8878), so that zcat and
/// zstdcat read it. The same input makes the same bytes. Pure.
namespace weir::s3 {

enum class Packing { none, gzip, zstd };

/// @throws Error invalid_argument for what is neither "none" nor "gzip" nor "zstd"
WEIR_API Packing parse_packing(std::string_view name);
WEIR_API std::string_view to_string(Packing packing) noexcept;
/// ".ndjson", ".ndjson.gz" or ".ndjson.zst"
WEIR_API std::string_view part_suffix(Packing packing) noexcept;

class WEIR_API Packer {
 public:
  explicit Packer(Packing packing);
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;
  ~Packer();

  /// What comes out for it is appended to `out`, now or later.
  void add(std::string_view text, std::string& out);
  void finish(std::string& out);
  /// How many bytes `finish` would append at most, when `more` bytes were added before it.
  std::size_t pending(std::size_t more) const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class WEIR_API Unpacker {
 public:
  explicit Unpacker(Packing packing);
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker();

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  /// Takes from `in` and writes to `out`, as much as there is room for; nothing produced: it needs more input.
  /// @throws Error corrupt_data
  Step run(std::span<const char> in, std::span<char> out);
  /// The input may end here.
  bool at_end() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::s3
