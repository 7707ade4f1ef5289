#pragma once

// Rows that are set aside.

#include "backends/sqlite/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace weir::sqlite {

struct KeptRow {
  std::string id, fields, metadata;
  std::int64_t version = 0;
};

// First in, first out: the first of them in memory, and from so many bytes on in a temporary file without a name.
// All are put in before the first is taken.
class KeptRows {
 public:
  static constexpr std::size_t usual_memory = std::size_t{4} << 20U;
  explicit KeptRows(std::size_t memory = usual_memory) : memory_(memory) {}

  // Throws Error storage_full or unavailable when the file cannot be written.
  void push(const Row& row);
  // Nothing: that was all. Throws Error unavailable when the file cannot be read.
  std::optional<KeptRow> pop();
  bool empty() const noexcept { return rows_.empty() && in_file_ == 0; }
  void clear() noexcept;
  bool uses_file() const noexcept { return file_ != nullptr; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  void write(const Row& row);
  KeptRow read();

  std::size_t memory_;
  std::size_t bytes_ = 0;
  std::deque<KeptRow> rows_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t in_file_ = 0;
  bool reading_ = false;
};

}  // namespace weir::sqlite
