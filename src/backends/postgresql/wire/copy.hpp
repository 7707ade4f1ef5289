#pragma once

// COPY on a connection that is lent for it. libpq copies outside of its pipeline mode only, so the session leaves it
// and enters it again.

#include "backends/postgresql/wire/connection.hpp"

#include <weir/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

namespace weir::postgres {

// One operation at a time. Destroyed before its end, the connection is closed.
class CopyChannel : public std::enable_shared_from_this<CopyChannel> {
 public:
  CopyChannel(Lease<Connection> lease, std::chrono::milliseconds timeout);
  CopyChannel(const CopyChannel&) = delete;
  CopyChannel& operator=(const CopyChannel&) = delete;
  ~CopyChannel();

  static awaitable<void> start(std::shared_ptr<CopyChannel> self, std::string sql, bool in);
  static awaitable<void> write(std::shared_ptr<CopyChannel> self, std::string bytes);
  // The rows that were copied.
  static awaitable<std::uint64_t> finish(std::shared_ptr<CopyChannel> self);
  // Whole rows, as many as have arrived, up to about 64 KiB; empty at the end.
  static awaitable<std::optional<std::string>> next(std::shared_ptr<CopyChannel> self);

  bool ended() const noexcept { return !lease_; }

  std::string gathered;         // the writer's, until it is worth sending
  bool header_written = false;  // of the binary format

 private:
  awaitable<void> do_start(std::string sql, bool in);
  awaitable<void> do_write(std::string bytes);
  awaitable<std::uint64_t> do_finish();
  awaitable<std::optional<std::string>> do_next();
  awaitable<void> flush();
  awaitable<ResultPtr> result();
  awaitable<void> drain(ResultPtr last);
  awaitable<void> wait(bool readable);
  PGconn* connection() const;
  void give_back();
  Error late() const;
  [[noreturn]] void broken();
  template <class T>
  static awaitable<T> on_session(std::shared_ptr<CopyChannel> self, awaitable<T> operation);

  std::optional<Lease<Connection>> lease_;
  const std::shared_ptr<Session> session_;
  const std::chrono::milliseconds timeout_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool at_end_ = false;  // of what is copied out; how it went is still to be heard
  bool open_ = true;     // a failure now leaves open whether the statement happened
};

}  // namespace weir::postgres
