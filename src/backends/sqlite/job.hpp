#pragma once

// One piece of work for the threads of a file. A job owns all its data, so that the coroutine that wanted it may be
// gone.

#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/loop.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::sqlite {

using Clock = std::chrono::steady_clock;
class Session;
class Client;

// How a job is run.
enum class JobKind {
  read,         // on a reader, one statement
  point_read,   // short: many of them share one read transaction
  write,        // on the writer, in a transaction that it shares with others
  alone,        // on the writer, in a transaction of its own
  bare,         // on the writer, without a transaction
  begin_read,   // opens a session on a connection of its own
  begin_write,  // opens a session on the writer
  in_session,   // on the session's connection
  end_session   // the session's last: nothing may follow it
};

enum class Stop { none, cancelled, timeout, closed };

class Job : public std::enable_shared_from_this<Job> {
 public:
  explicit Job(JobKind job_kind) : kind(job_kind) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  // On a thread of the engine. May be called again when a shared transaction was lost.
  virtual void run(Connection& connection) = 0;

  const JobKind kind;
  Clock::time_point deadline = Clock::time_point::max();
  std::shared_ptr<Session> session;
  std::shared_ptr<Client> client;
  Waiter waiter;

  // ---- guarded by the engine's mutex ----
  enum class State { idle, queued, running, finished };
  State state = State::idle;
  bool answered = false;
  Stop stop = Stop::none;
  Clock::time_point submitted;
  Clock::time_point wait_until = Clock::time_point::max();  // for its turn
  Clock::time_point started;
  Connection* running_on = nullptr;
  std::list<std::shared_ptr<Job>>* queue = nullptr;
  std::list<std::shared_ptr<Job>>::iterator place;
  // ---- by the thread that ran it ----
  std::exception_ptr error;
  bool partly_applied = false;

  bool is_write() const noexcept {
    return kind == JobKind::write || kind == JobKind::alone || kind == JobKind::bare || kind == JobKind::begin_write;
  }
};

using JobPointer = std::shared_ptr<Job>;
using JobQueue = std::list<JobPointer>;

// A job made of a function; `result` is there when the job was answered without an error.
template <class Body>
class CallJob final : public Job {
 public:
  using Result = std::invoke_result_t<Body&, Connection&>;
  CallJob(JobKind job_kind, Body body) : Job(job_kind), body_(std::move(body)) {}
  void run(Connection& connection) override {
    if constexpr (std::is_void_v<Result>) {
      body_(connection);
    } else {
      result.emplace(body_(connection));
    }
  }
  std::optional<std::conditional_t<std::is_void_v<Result>, char, Result>> result;

 private:
  Body body_;
};

template <class Body>
auto make_job(JobKind kind, Body body) {
  return std::make_shared<CallJob<Body>>(kind, std::move(body));
}

}  // namespace weir::sqlite
