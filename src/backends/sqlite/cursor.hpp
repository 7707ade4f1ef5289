#pragma once

// An open SELECT that is read piece by piece.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/kept_rows.hpp"
#include "backends/sqlite/operations.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace weir::sqlite {

// Touched by the jobs of one session only.
class Cursor final : public Session::Part {
 public:
  struct Piece {
    std::vector<Record> records;
    bool last = false;  // nothing comes after it
  };

  // A piece ends at `rows` records or behind `bytes` of text.
  Cursor(Compiled compiled, std::optional<core::Projection> projection, std::size_t rows, std::size_t bytes)
      : compiled_(std::move(compiled)), projection_(std::move(projection)), rows_(rows), bytes_(bytes) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() = default;

  // The next records: those fetched ahead, if there are.
  Piece next(Connection& connection);
  // Fetches what `next` will give; a failure is kept for it.
  void fetch_ahead(Connection& connection) noexcept;
  // Something else is about to be written on the same connection: what SQLite would then give is undefined
  // (https://www.sqlite.org/isolation.html), so that the rest is set aside as it stands in the file.
  void detach() override;
  // Nobody reads it any more. From any thread; the statement is closed when its session comes to it.
  void abandon() noexcept { abandoned_.store(true, std::memory_order_relaxed); }
  void close() noexcept override;

 private:
  Record finish(const Row& row) const;
  Piece fetch(Connection& connection);
  void keep(const Row& row);
  void lose_rest() noexcept;

  Compiled compiled_;
  std::optional<core::Projection> projection_;
  const std::size_t rows_;
  const std::size_t bytes_;
  std::unique_ptr<StatementUse> statement_;
  std::optional<Piece> ahead_;
  std::exception_ptr failure_;
  KeptRows kept_;
  std::atomic<bool> abandoned_{false};
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace weir::sqlite
