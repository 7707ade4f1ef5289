#pragma once

// COPY on a connection that is lent for it. libpq copies outside of its pipeline mode only, so the session leaves it
// and enters it again.

#include "backends/postgresql/wire/connection.hpp"
#include "backends/postgresql/wire/copy_source.hpp"

#include <weir/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::postgres {

// One operation at a time. Destroyed before its end, the connection is closed.
class CopyChannel : public std::enable_shared_from_this<CopyChannel> {
 public:
  // For a text of the user; each operation has its time anew.
  CopyChannel(Lease<Connection> lease, std::chrono::milliseconds timeout);
  // For a text of ours, by itself or in a transaction, whose connection it borrows.
  CopyChannel(Lease<Connection> lease, Clock::time_point deadline);
  CopyChannel(std::shared_ptr<Session> session, Clock::time_point deadline);
  CopyChannel(const CopyChannel&) = delete;
  CopyChannel& operator=(const CopyChannel&) = delete;
  ~CopyChannel();

  static awaitable<void> start(std::shared_ptr<CopyChannel> self, std::string sql, bool in);
  static awaitable<void> write(std::shared_ptr<CopyChannel> self, std::string bytes);
  // What the writer gathered.
  static awaitable<void> write_gathered(std::shared_ptr<CopyChannel> self);
  // The rows that were copied.
  static awaitable<std::uint64_t> finish(std::shared_ptr<CopyChannel> self);
  // All of these at once.
  static awaitable<std::uint64_t> put(std::shared_ptr<CopyChannel> self, std::string sql, CopySource source);
  // Whole rows, as many as have arrived, up to about 64 KiB; empty at the end.
  static awaitable<std::optional<std::string>> next(std::shared_ptr<CopyChannel> self);

  bool ended() const noexcept { return ended_; }

  std::string gathered;         // the writer's, until it is worth sending
  bool header_written = false;  // of the binary format

 private:
  // Whether it happened, when the answer is lost: of a text that is not known nobody can say; of ours it has not before
  // its end was sent; and what a transaction did is rolled back.
  enum class InDoubt { always, at_end, never };

  awaitable<void> do_start(std::string sql, bool in);
  awaitable<void> do_write(std::string_view bytes);  // which stay until it has ended
  awaitable<std::uint64_t> do_finish();
  awaitable<std::uint64_t> do_put(std::string sql, CopySource source);
  awaitable<std::optional<std::string>> do_next();
  awaitable<void> flush();
  awaitable<ResultPtr> result();
  awaitable<void> drain(ResultPtr last);
  awaitable<void> wait(bool readable);
  PGconn* connection() const;
  void give_back();
  void give_up() noexcept;
  Error late() const;
  [[noreturn]] void broken();
  template <class T>
  static awaitable<T> on_session(std::shared_ptr<CopyChannel> self, awaitable<T> operation);

  std::optional<Lease<Connection>> lease_;  // unless it is a transaction's
  const std::shared_ptr<Session> session_;
  const std::chrono::milliseconds timeout_{0};
  Clock::time_point deadline_ = Clock::time_point::max();
  const InDoubt in_doubt_;
  Clock::time_point begun_{};
  std::size_t behind_ = 0;  // bytes given to libpq since it was known to have sent all
  bool ended_ = false;
  bool last_ = false;    // the connection is of no use behind it
  bool at_end_ = false;  // of what is copied out; how it went is still to be heard
  bool open_;            // a failure now leaves open whether the statement happened
};

}  // namespace weir::postgres
