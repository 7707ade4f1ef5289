#include "backends/sqlite/cursor.hpp"

#include <utility>

namespace weir::sqlite {

Record Cursor::finish(const Row& row) const {
  Record record = decode(row);
  if (projection_) projection_->apply(record);
  return record;
}

Cursor::Piece Cursor::next(Connection& connection) {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (!ahead_) return fetch(connection);
  Piece piece = std::move(*ahead_);
  ahead_.reset();
  return piece;
}

void Cursor::fetch_ahead(Connection& connection) noexcept {
  if (ahead_ || failure_) return;
  try {
    ahead_ = fetch(connection);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

Cursor::Piece Cursor::fetch(Connection& connection) {
  Piece piece;
  std::size_t size = 0;
  const auto full = [&] { return piece.records.size() >= rows_ || size >= bytes_; };
  if (!started_) {
    started_ = true;
    statement_ = std::make_unique<StatementUse>(connection, compiled_.sql);
    (*statement_)->bind_all(compiled_.values);
  }
  while (!kept_.empty() && !full()) {
    const auto kept = kept_.pop();
    size += kept->fields.size() + kept->metadata.size();
    piece.records.push_back(finish({kept->id, kept->fields, kept->metadata, kept->version}));
  }
  while (!ended_ && !full()) {
    if (!(*statement_)->step()) {
      close();
      break;
    }
    const Row row = row_of(**statement_);
    size += row.fields.size() + row.metadata.size();
    piece.records.push_back(finish(row));
  }
  piece.last = ended_ && kept_.empty();
  return piece;
}

void Cursor::detach() {
  if (!statement_) return;
  if (abandoned_.load(std::memory_order_relaxed)) {
    close();
    return;
  }
  try {
    while (statement_ && (*statement_)->step()) keep(row_of(**statement_));
  } catch (...) {  // the write's deadline has passed, or the file is damaged: that ends both
    lose_rest();
    throw;
  }
  close();
}

// No room to set a row aside is the stream's failure, not that of the write.
void Cursor::keep(const Row& row) {
  try {
    kept_.push(row);
  } catch (...) {
    lose_rest();
  }
}

// From a handler: the exception under way is what the stream ends with.
void Cursor::lose_rest() noexcept {
  kept_.clear();
  failure_ = std::current_exception();
  close();
}

void Cursor::close() noexcept {
  ended_ = true;
  started_ = true;
  statement_.reset();
}

}  // namespace weir::sqlite
