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
    const Kept& kept = kept_.front();
    size += kept.fields.size() + kept.metadata.size();
    piece.records.push_back(finish({kept.id, kept.fields, kept.metadata, kept.version}));
    kept_.pop_front();
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
  while ((*statement_)->step()) {
    const Row row = row_of(**statement_);
    kept_.push_back({std::string(row.id), std::string(row.fields), std::string(row.metadata), row.version});
  }
  close();
}

void Cursor::close() noexcept {
  ended_ = true;
  started_ = true;
  statement_.reset();
}

}  // namespace weir::sqlite
