#pragma once

// What is asked of a connection in one go: one statement or several, behind them one Sync. Without a transaction around
// it a request is an implicit transaction: all of it happens or nothing.

#include "backends/postgresql/sql/parameter.hpp"
#include "backends/postgresql/sql/server_error.hpp"
#include "backends/postgresql/sql/statement_cache.hpp"
#include "backends/postgresql/wire/deliver.hpp"
#include "backends/postgresql/wire/library.hpp"

#include <weir/error.hpp>
#include <weir/pool.hpp>

#include <boost/container/small_vector.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::postgres {

using Clock = std::chrono::steady_clock;
class Connection;

class Statement {
 public:
  Statement() = default;
  explicit Statement(std::string text, std::vector<Parameter> bound = {}, bool reusable = true)
      : sql(std::move(text)), values(std::move(bound)), cacheable(reusable) {}
  std::string sql;
  std::vector<Parameter> values;
  bool cacheable = true;  // its text comes again
  bool binary_result = true;
};

class Request {
 public:
  Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // ---- what is asked ----
  std::vector<Statement> statements;
  Clock::time_point deadline = Clock::time_point::max();
  bool write = false;           // an answer that is lost leaves open whether it happened
  bool in_transaction = false;  // nothing of it may be sent a second time
  bool commits = false;         // its last statement is COMMIT
  bool foreign = false;         // of the user: what it does to the session is to be watched
  bool reset_behind = false;    // whatever it is, it may leave something in the session
  std::optional<Lease<Connection>>
      lease;  // of a shared connection: given back when the answer was read, whoever waits for it

  std::size_t leading = 0;  // statements in front that the asker does not know of

  // ---- the answer ----
  boost::container::small_vector<ResultPtr, 1> results;  // one for each statement
  std::optional<ServerError> server_error;
  std::optional<Error> error;  // without an answer of the server, or after it was given up
  bool repeat = false;         // a cancel that was meant for another hit it: nothing happened, ask again elsewhere
  Clock::duration running{0};  // from the head of the line to the answer

  // Throws what went wrong.
  void check() const {
    if (error) throw *error;
    if (server_error) throw make_error(*server_error);
  }
  const PGresult* result(std::size_t i = 0) const { return results.at(leading + i).get(); }

 private:
  friend class Session;
  enum class State { fresh, waiting, written, done };
  struct Step {  // one result that is expected
    StatementCache::Entry entry;
    bool parse = false;  // of a Parse: no result for anybody
  };
  using Handler = WaitHandler;

  State state_ = State::fresh;
  boost::container::small_vector<Step, 2> steps_;
  std::size_t step_ = 0;
  bool fence_ = false;
  bool abandoned_ = false;  // nobody waits any longer; its answer is read and dropped
  bool resent_ = false;
  bool stale_ = false;
  Clock::time_point head_since_{};
  std::optional<Handler> handler_;
};

using RequestPtr = std::shared_ptr<Request>;

inline Error connection_lost(bool maybe_applied, const char* why) {
  return {errc::connection_lost, why, ErrorContext{}.maybe_applied(maybe_applied)};
}

}  // namespace weir::postgres
