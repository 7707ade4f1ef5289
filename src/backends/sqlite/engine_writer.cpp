// The thread that writes: groups of writes, work that needs a transaction of its own, transactions of users, and the
// copying of the log.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/engine_errors.hpp"

#include <sqlite3.h>

#include <utility>
#include <vector>

namespace weir::sqlite {
namespace {

// As many writes share one transaction at most; more only makes the first wait.
constexpr std::size_t group_size = 512;
// Pages by which the log has grown when the writer copies it into the file: after a pause without work, and at once.
constexpr int checkpoint_idle = 1000;
constexpr int checkpoint_always = 4000;
constexpr std::chrono::milliseconds idle_pause{20};

// Prepared once, as they come with every group.
void begin(Connection& connection) { StatementUse(connection, "BEGIN IMMEDIATE")->step(); }
void commit(Connection& connection) { StatementUse(connection, "COMMIT")->step(); }

}  // namespace

void Engine::run_writer() {
  const auto work = [this] { return stopping_ || (owner_ ? !owner_->queue_.empty() : !write_queue_.empty()); };
  Lock lock(mutex_);
  for (;;) {
    writer_idle_ = true;
    const bool pause = log_growth() >= checkpoint_idle && !writer_wake_.wait_for(lock, idle_pause, work);
    if (!pause) writer_wake_.wait(lock, work);
    writer_idle_ = false;
    if (stopping_) break;
    if (pause) {
      copy_log(lock);
      continue;
    }
    if (owner_) {
      run_owner(lock);
    } else {
      write_once(lock);
    }
    if (log_growth() >= checkpoint_always) copy_log(lock);
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
    if (!bare) begin(*writer_connection_);
  } catch (...) {
    error = current_error();
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

// The transaction could not begin: all that would have been in it fail with the reason. When nobody waits any more, the
// reason was that nobody waits.
void Engine::fail_front(Lock& lock, std::exception_ptr error) {
  Answers answers;
  bool first = true;
  while (!write_queue_.empty() && (first || write_queue_.front()->kind == JobKind::write)) {
    drop(*write_queue_.front(), copy_of(error), answers);
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
  const auto done = Clock::now();
  for (const JobPointer& job : jobs) finish(job, done, answers);
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
        jobs.front()->error = current_error();
        return;
      }
    }
  }
  if (jobs.size() == 1) return;
  for (const JobPointer& job : jobs) {
    try {
      begin(connection);
      run_job(*job, connection);
      if (connection.in_transaction()) commit(connection);
    } catch (...) {
      job->error = current_error();
      connection.roll_back();
    }
  }
}

void Engine::run_alone(Lock& lock, const JobPointer& job) {
  take(job, writer_connection_.get(), Clock::now());
  lock.unlock();
  Connection& connection = *writer_connection_;
  const auto before = sqlite3_total_changes64(connection.raw());
  run_job(*job, connection);
  // Several statements without a transaction: those before the one that failed are stored.
  job->partly_applied = job->kind == JobKind::bare && job->error && sqlite3_total_changes64(connection.raw()) != before;
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
      job->error = current_error();
      connection.roll_back();
    }
  }
  lock.lock();
  Answers answers;
  finish(job, Clock::now(), answers);
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
  finish(job, Clock::now(), answers);
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
  finish(job, Clock::now(), answers);
  lock.unlock();
  answers.give();
  job.reset();
  lock.lock();
}

// Pages in the log that nobody has tried to copy. None during somebody's transaction: it may not be copied then.
int Engine::log_growth() {
  if (!writer_connection_ || owner_) return 0;
  const int pages = writer_connection_->wal_pages();
  if (pages < checkpointed_at_) checkpointed_at_ = 0;
  return pages - checkpointed_at_;
}

// Copies the log into the file here instead of inside somebody's commit, and rather in a pause: writers wait for it.
// Streams that read an old state keep the log from being begun anew; it is tried again only after it has grown by as
// much.
void Engine::copy_log(Lock& lock) {
  checkpointed_at_ = writer_connection_->wal_pages();
  lock.unlock();
  writer_connection_->checkpoint_passive();
  lock.lock();
}

}  // namespace weir::sqlite
