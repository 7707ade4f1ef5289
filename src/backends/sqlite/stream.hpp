#pragma once

// A stream: a session with one cursor. While the consumer works on one piece, a reader fetches the next.

#include "backends/sqlite/backend.hpp"
#include "backends/sqlite/cursor.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace weir::sqlite {

class StreamSource final : public RecordSource {
 public:
  StreamSource(std::shared_ptr<Link> link, CallContext context, Query query, StreamOptions options);
  // Inside a transaction: its session is used, and it ends with the transaction, which it does not keep open.
  StreamSource(std::shared_ptr<Link> link, std::shared_ptr<Session> transaction, CallContext context, Query query,
               StreamOptions options);
  StreamSource(const StreamSource&) = delete;
  StreamSource& operator=(const StreamSource&) = delete;
  ~StreamSource();

  awaitable<std::vector<Record>> next_batch() override;
  awaitable<void> close() override;

 private:
  awaitable<void> open();
  Clock::time_point limit() const;

  const std::shared_ptr<Link> link_;
  std::shared_ptr<Session> session_;
  const bool in_transaction_;
  std::shared_ptr<SessionHandle> own_;  // outside of a transaction: what ends the session
  const CallContext context_;
  const Query query_;
  const StreamOptions options_;
  const Clock::duration allowance_;  // for each piece: a slow consumer is no timeout
  std::shared_ptr<Cursor> cursor_;
  bool ended_ = false;
};

}  // namespace weir::sqlite
