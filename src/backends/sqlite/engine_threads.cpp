#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/error.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace weir::sqlite {
namespace {

// As many writes share one transaction at most; more only makes the first wait.
constexpr std::size_t group_size = 512;
// As many short reads share one read transaction at most.
constexpr std::size_t read_group_size = 64;
// Pages of log above which the writer copies them into the file when it has nothing else to do, and always.
constexpr int checkpoint_idle = 1000;
constexpr int checkpoint_always = 4000;

void rethrow_as_error(std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error&) {
    // It is one already.
  } catch (const std::bad_alloc&) {
    error = std::make_exception_ptr(Error(errc::server_error, "out of memory"));
  } catch (const std::exception& other) {
    error = std::make_exception_ptr(Error(errc::server_error, other.what()));
  } catch (...) {
    error = std::make_exception_ptr(Error(errc::server_error, "an unknown exception"));
  }
}

void commit(Connection& connection) { connection.execute("COMMIT"); }

// How long to wait before the lock is tried again: short at first, since most holders are quick.
std::chrono::milliseconds pause_after(std::chrono::nanoseconds waited) {
  const auto quarter = std::chrono::duration_cast<std::chrono::milliseconds>(waited) / 4;
  return std::clamp(quarter, std::chrono::milliseconds(1), std::chrono::milliseconds(20));
}

}  // namespace

void Engine::run_job(Job& job, Connection& connection) {
  job.error = nullptr;
  try {
    job.run(connection);
  } catch (...) {
    job.error = std::current_exception();
    rethrow_as_error(job.error);
  }
}

// ---- the writer
// -------------------------------------------------------------------------------------------------------

void Engine::run_writer() {
  Lock lock(mutex_);
  for (;;) {
    writer_idle_ = true;
    writer_wake_.wait(lock, [this] { return stopping_ || (owner_ ? !owner_->queue_.empty() : !write_queue_.empty()); });
    writer_idle_ = false;
    if (stopping_) break;
    if (owner_) {
      run_owner(lock);
    } else {
      write_once(lock);
    }
    maintain(lock);
  }
  lock.unlock();
  writer_connection_.reset();
}

// The lock of the file is waited for while the jobs are still in the queue, where they can be cancelled and run out of
// time.
void Engine::write_once(Lock& lock) {
  const bool bare = write_queue_.front()->kind == JobKind::bare;
  std::exception_ptr error;
  beginning_ = true;
  lock.unlock();
  try {
    if (!writer_connection_)
      writer_connection_ =
          std::make_unique<Connection>(settings_.connection, [this](auto waited) { return writer_may_wait(waited); });
    writer_connection_->clear_interrupt();
    if (!bare) writer_connection_->execute("BEGIN IMMEDIATE");
  } catch (...) {
    error = std::current_exception();
    rethrow_as_error(error);
  }
  lock.lock();
  beginning_ = false;
  locked_out_ = false;
  if (error) {
    fail_front(lock, error);
    return;
  }
  // Who was first may have gone meanwhile.
  if (!write_queue_.empty()) {
    const JobPointer first = write_queue_.front();
    if (first->kind == JobKind::bare) {
      if (bare) {
        run_alone(lock, first);
        return;
      }
    } else if (!bare) {
      switch (first->kind) {
        case JobKind::begin_write: open_write_session(lock, first); return;
        case JobKind::alone: run_alone(lock, first); return;
        default: run_group(lock); return;
      }
    }
  }
  lock.unlock();
  writer_connection_->roll_back();
  lock.lock();
}

bool Engine::writer_may_wait(std::chrono::nanoseconds waited) {
  Lock lock(mutex_);
  const auto may = [this] {
    if (stopping_) return false;
    if (beginning_) return !write_queue_.empty();
    return std::none_of(running_.begin(), running_.end(), [this](const JobPointer& job) {
      return job->running_on == writer_connection_.get() && job->stop != Stop::none;
    });
  };
  if (waited >= settings_.busy_timeout || !may()) return false;
  locked_out_ = beginning_;
  busy_wake_.wait_for(lock, pause_after(waited));
  return may();
}

// The transaction could not begin: all that would have been in it fail with the reason. When nobody waits any more, the
// reason was that nobody waits.
void Engine::fail_front(Lock& lock, std::exception_ptr error) {
  Answers answers;
  bool first = true;
  while (!write_queue_.empty() && (first || write_queue_.front()->kind == JobKind::write)) {
    drop(*write_queue_.front(), error, answers);
    first = false;
  }
  lock.unlock();
  answers.give();
  lock.lock();
}

void Engine::run_group(Lock& lock) {
  std::vector<JobPointer> jobs;
  const auto now = Clock::now();
  while (!write_queue_.empty() && write_queue_.front()->kind == JobKind::write && jobs.size() < group_size) {
    jobs.push_back(write_queue_.front());
    take(jobs.back(), writer_connection_.get(), now);
  }
  lock.unlock();
  commit_group(jobs);
  lock.lock();
  Answers answers;
  for (const JobPointer& job : jobs) finish(job, answers);
  lock.unlock();
  answers.give();
  jobs.clear();
  lock.lock();
}

// Every job is one statement, which fails alone and whole. Only when SQLite gives the whole transaction up (no space,
// an I/O error) is each done again by itself, so that no write fails for another's sake.
void Engine::commit_group(const std::vector<JobPointer>& jobs) {
  Connection& connection = *writer_connection_;
  bool lost = false;
  for (const JobPointer& job : jobs) {
    run_job(*job, connection);
    lost = !connection.in_transaction();
    if (lost) break;
  }
  if (!lost) {
    try {
      commit(connection);
      return;
    } catch (...) {
      connection.roll_back();
      if (jobs.size() == 1) {
        jobs.front()->error = std::current_exception();
        return;
      }
    }
  }
  if (jobs.size() == 1) return;
  for (const JobPointer& job : jobs) {
    try {
      connection.execute("BEGIN IMMEDIATE");
      run_job(*job, connection);
      if (connection.in_transaction()) commit(connection);
    } catch (...) {
      job->error = std::current_exception();
      connection.roll_back();
    }
  }
}

void Engine::run_alone(Lock& lock, const JobPointer& job) {
  take(job, writer_connection_.get(), Clock::now());
  lock.unlock();
  Connection& connection = *writer_connection_;
  run_job(*job, connection);
  if (connection.in_transaction()) {
    try {
      connection.clear_interrupt();
      if (job->error) {
        connection.roll_back();
      } else if (job->kind == JobKind::bare) {
        // Somebody's BEGIN without an end would shut all others out.
        connection.roll_back();
        job->error = std::make_exception_ptr(
            Error(errc::invalid_argument, "the statement left a transaction open; it was rolled back (use begin())"));
      } else {
        commit(connection);
      }
    } catch (...) {
      job->error = std::current_exception();
      connection.roll_back();
    }
  }
  lock.lock();
  Answers answers;
  finish(job, answers);
  lock.unlock();
  answers.give();
  lock.lock();
}

void Engine::open_write_session(Lock& lock, const JobPointer& job) {
  take(job, writer_connection_.get(), Clock::now());
  owner_ = job->session;
  owner_->state_ = Session::State::open;
  owner_->since_ = Clock::now();
  ++owner_->client->active_;
  lock.unlock();
  run_job(*job, *writer_connection_);
  lock.lock();
  Answers answers;
  const std::shared_ptr<Session> session = job->session;
  if (job->error) {
    writer_connection_->roll_back();
    end_session(session, answers);
  } else if (session->abandoned_) {
    enqueue_end(session);
  }
  finish(job, answers);
  lock.unlock();
  answers.give();
  lock.lock();
}

void Engine::run_owner(Lock& lock) {
  const std::shared_ptr<Session> session = owner_;
  JobPointer job = session->queue_.front();
  take(job, writer_connection_.get(), Clock::now());
  lock.unlock();
  Connection& connection = *writer_connection_;
  const bool ends = job->kind == JobKind::end_session;
  if (ends) close_parts(*session);
  if (!connection.in_transaction() && !ends) {
    job->error = std::make_exception_ptr(
        Error(errc::serialization_failure, "SQLite rolled the transaction back after an earlier error"));
  } else {
    run_job(*job, connection);
  }
  if (ends) connection.roll_back();  // a commit that failed
  lock.lock();
  Answers answers;
  if (ends) end_session(session, answers);
  finish(job, answers);
  lock.unlock();
  answers.give();
  job.reset();
  lock.lock();
}

// Copies the log into the file here instead of inside somebody's commit. Streams that read an old state keep the log
// from being begun anew; it is looked at again only after it has grown by as much.
void Engine::maintain(Lock& lock) {
  if (!writer_connection_ || owner_) return;
  const int pages = writer_connection_->wal_pages();
  if (pages < checkpointed_at_) checkpointed_at_ = 0;
  const int grown = pages - checkpointed_at_;
  if (grown < checkpoint_idle || (grown < checkpoint_always && !write_queue_.empty())) return;
  checkpointed_at_ = pages;
  lock.unlock();
  writer_connection_->checkpoint_passive();
  lock.lock();
}

// ---- the readers
// ------------------------------------------------------------------------------------------------------

void Engine::run_reader() {
  std::unique_ptr<Connection> connection;
  Lock lock(mutex_);
  for (;;) {
    while (!stopping_ && read_queue_.empty() && ready_sessions_.empty()) {
      ++idle_readers_;
      reader_wake_.wait(lock);
      --idle_readers_;
      if (reader_signals_ != 0) --reader_signals_;
    }
    if (stopping_) break;
    sessions_turn_ = !sessions_turn_;
    if (!ready_sessions_.empty() && (sessions_turn_ || read_queue_.empty())) {
      run_session_turn(lock);
    } else {
      read_once(lock, connection);
    }
  }
  lock.unlock();
  connection.reset();
}

std::unique_ptr<Connection> Engine::open_reader() {
  ConnectionSettings settings = settings_.connection;
  settings.query_only = true;
  return std::make_unique<Connection>(settings, [this](auto waited) { return reader_may_wait(waited); });
}

std::unique_ptr<Connection> Engine::borrow(const Client& client) {
  {
    const std::lock_guard lock(mutex_);
    if (client.closed_) throw Error(errc::pool_closed, "the database was closed");
    ++counters_.acquires;
    ++counters_.acquires_immediate;
    if (!lent_.empty()) {
      auto connection = std::move(lent_.back());
      lent_.pop_back();
      return connection;
    }
  }
  ConnectionSettings settings = settings_.connection;
  settings.query_only = true;
  return std::make_unique<Connection>(settings, nullptr);
}

void Engine::give_back(std::unique_ptr<Connection> connection) noexcept {
  const std::lock_guard lock(mutex_);
  lent_.push_back(std::move(connection));
}

// WAL readers are locked out only while another process recovers the log or closes the file.
bool Engine::reader_may_wait(std::chrono::nanoseconds waited) {
  Lock lock(mutex_);
  if (stopping_ || waited >= settings_.busy_timeout) return false;
  busy_wake_.wait_for(lock, pause_after(waited));
  return !stopping_;
}

void Engine::read_once(Lock& lock, std::unique_ptr<Connection>& connection) {
  if (read_queue_.front()->kind == JobKind::begin_read) {
    const JobPointer job = read_queue_.front();
    take(job, nullptr, Clock::now());
    if (!read_queue_.empty()) wake_reader();
    lock.unlock();
    run_begin_read(job);
    lock.lock();
    return;
  }
  std::exception_ptr error;
  if (!connection) {
    lock.unlock();
    try {
      connection = open_reader();
    } catch (...) {
      error = std::current_exception();
      rethrow_as_error(error);
    }
    lock.lock();
    if (read_queue_.empty() || read_queue_.front()->kind == JobKind::begin_read) return;
  }
  std::vector<JobPointer> jobs;
  const auto now = Clock::now();
  do {
    jobs.push_back(read_queue_.front());
    take(jobs.back(), connection.get(), now);
  } while (jobs.front()->kind == JobKind::point_read && jobs.size() < read_group_size && !read_queue_.empty() &&
           read_queue_.front()->kind == JobKind::point_read);
  if (!read_queue_.empty()) wake_reader();
  lock.unlock();
  if (error) {
    for (const JobPointer& job : jobs) job->error = error;
  } else {
    // One transaction for all: the locks and the look at the log's end are most of a short read's cost.
    bool together = jobs.size() > 1;
    try {
      if (together) StatementUse(*connection, "BEGIN")->step();
    } catch (const Error&) {
      together = false;
    }
    for (const JobPointer& job : jobs) run_job(*job, *connection);
    if (together) {
      try {
        StatementUse(*connection, "COMMIT")->step();
      } catch (const Error&) {
        connection->roll_back();
      }
    }
  }
  lock.lock();
  Answers answers;
  for (const JobPointer& job : jobs) finish(job, answers);
  lock.unlock();
  answers.give();
  jobs.clear();
  lock.lock();
}

void Engine::run_begin_read(const JobPointer& job) {
  const std::shared_ptr<Session> session = job->session;
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_connections_.empty()) {
      connection = std::move(idle_connections_.back());
      idle_connections_.pop_back();
    }
  }
  job->error = nullptr;
  try {
    if (!connection) connection = open_reader();
    connection->clear_interrupt();
    connection->execute("BEGIN");
    // The snapshot is taken by the first read, not by BEGIN.
    connection->execute("SELECT 1 FROM sqlite_schema LIMIT 1");
  } catch (...) {
    job->error = std::current_exception();
    rethrow_as_error(job->error);
  }
  if (!job->error) run_job(*job, *connection);
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (!job->error) {
      session->connection_ = std::move(connection);
      session->state_ = Session::State::open;
      session->since_ = Clock::now();
      ++session->client->active_;
      // Given up while it was being opened: nobody else will end it.
      if (session->abandoned_ || job->answered) enqueue_end(session);
      schedule(session);
    } else {
      end_session(session, answers);
    }
    finish(job, answers);
  }
  if (connection && connection->in_transaction()) connection->roll_back();
  answers.give();
}

void Engine::run_session_turn(Lock& lock) {
  const std::shared_ptr<Session> session = ready_sessions_.front();
  ready_sessions_.pop_front();
  if (session->queue_.empty()) {
    session->scheduled_ = false;
    return;
  }
  JobPointer job = session->queue_.front();
  Connection& connection = *session->connection_;
  take(job, &connection, Clock::now());
  if (!ready_sessions_.empty() || !read_queue_.empty()) wake_reader();
  lock.unlock();
  const bool ends = job->kind == JobKind::end_session;
  if (ends) close_parts(*session);
  run_job(*job, connection);
  if (ends && connection.in_transaction()) connection.roll_back();
  lock.lock();
  Answers answers;
  if (ends) {
    if (idle_connections_.size() < settings_.max_sessions) idle_connections_.push_back(std::move(session->connection_));
    end_session(session, answers);
  }
  finish(job, answers);
  session->scheduled_ = false;
  if (!ends) schedule(session);
  std::unique_ptr<Connection> surplus = std::move(session->connection_);
  if (!ends) session->connection_ = std::move(surplus);
  lock.unlock();
  surplus.reset();
  answers.give();
  job.reset();
  lock.lock();
}

// ---- the clock
// --------------------------------------------------------------------------------------------------------

void Engine::run_clock() {
  Lock lock(mutex_);
  while (!stopping_) {
    if (next_check_ == Clock::time_point::max()) {
      clock_wake_.wait(lock);
      continue;
    }
    const auto now = Clock::now();
    if (now < next_check_) {
      const auto until = next_check_;
      clock_wake_.wait_until(lock, until);
      continue;
    }
    Answers answers;
    check_times(now, answers);
    lock.unlock();
    answers.give();
    lock.lock();
  }
}

}  // namespace weir::sqlite
