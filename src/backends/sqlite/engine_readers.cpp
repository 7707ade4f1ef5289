// The threads that read: short reads together, long ones alone, and turns of streams and read-only transactions.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/engine_errors.hpp"

#include <utility>
#include <vector>

namespace weir::sqlite {
namespace {

// As many short reads share one read transaction at most, and are answered together: the loop goes on with the first
// while the others are read.
constexpr std::size_t read_group_size = 64;
constexpr std::size_t answer_size = 16;
// Above this a group of short reads is not short: the file is not in memory, and other readers may wait for the disk as
// well. Some times what it takes otherwise, as a busy machine should not be taken for a slow disk.
constexpr std::chrono::milliseconds short_group{2};

}  // namespace

void Engine::run_reader() {
  std::unique_ptr<Connection> connection;
  Lock lock(mutex_);
  Sleeper& self = readers_.emplace_back();
  for (;;) {
    while (!stopping_ && read_queue_.empty() && ready_sessions_.empty()) {
      sleeping_readers_.push_back(&self);
      self.wake.wait(lock, [&] { return stopping_ || self.called; });
      if (!self.called) break;
      self.called = false;
      --called_readers_;
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

// Whether another reader is to be woken for what waits, or one that will be back at once does it.
bool Engine::reader_wanted() const {
  std::size_t groups = read_queue_.size();
  if (groups != 0 && read_queue_.front()->kind == JobKind::point_read)
    groups = (groups + read_group_size - 1) / read_group_size;
  return groups + ready_sessions_.size() > returning_readers_;
}

std::unique_ptr<Connection> Engine::open_reader() {
  ConnectionSettings settings = settings_.connection;
  settings.query_only = true;
  return std::make_unique<Connection>(settings, [this](auto waited) { return reader_may_wait(waited); });
}

std::unique_ptr<Connection> Engine::borrow(const std::shared_ptr<Client>& client) {
  {
    const std::lock_guard lock(mutex_);
    if (client->closed_) throw Error(errc::pool_closed, "the database was closed");
    ++counters_.acquires;
    ++counters_.acquires_immediate;
    ++client->active_;
    if (!lent_.empty()) {
      auto connection = std::move(lent_.back());
      lent_.pop_back();
      return connection;
    }
  }
  ConnectionSettings settings = settings_.connection;
  settings.query_only = true;
  try {
    return std::make_unique<Connection>(settings, nullptr);
  } catch (...) {
    give_back(client, nullptr);
    throw;
  }
}

void Engine::give_back(const std::shared_ptr<Client>& client, std::unique_ptr<Connection> connection) noexcept {
  if (connection) connection->roll_back();
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    if (connection && !connection->in_transaction()) lent_.push_back(std::move(connection));
    release_client(client, answers);
  }
  answers.give();
}

void Engine::read_once(Lock& lock, std::unique_ptr<Connection>& connection) {
  if (read_queue_.front()->kind == JobKind::begin_read) {
    const JobPointer job = read_queue_.front();
    take(job, nullptr, Clock::now());
    if (reader_wanted()) wake_reader();
    lock.unlock();
    run_begin_read(job);
    lock.lock();
    --returning_readers_;
    return;
  }
  std::exception_ptr error;
  if (!connection) {
    lock.unlock();
    try {
      connection = open_reader();
    } catch (...) {
      error = current_error();
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
  if (!error && jobs.front()->kind == JobKind::point_read) {
    read_group(lock, jobs, *connection, now);
    return;
  }
  if (reader_wanted()) wake_reader();
  lock.unlock();
  for (const JobPointer& job : jobs) {
    if (error) {
      job->error = copy_of(error);
    } else {
      run_job(*job, *connection);
    }
  }
  lock.lock();
  Answers answers;
  const auto done = Clock::now();
  for (const JobPointer& job : jobs) finish(job, done, answers);
  ++returning_readers_;
  lock.unlock();
  answers.give();
  jobs.clear();
  lock.lock();
  --returning_readers_;
}

// Short reads that come meanwhile wait for this thread, which is back before another one has been woken; unless the
// group takes long.
void Engine::read_group(Lock& lock, std::vector<JobPointer>& jobs, Connection& connection, Clock::time_point begun) {
  bool returning = true;
  ++returning_readers_;
  if (reader_wanted()) wake_reader();
  lock.unlock();
  // One transaction for all: the locks and the look at the log's end are most of a short read's cost.
  bool together = jobs.size() > 1;
  try {
    if (together) StatementUse(connection, "BEGIN")->step();
  } catch (const Error&) {
    together = false;
  }
  std::size_t answered = 0;
  Answers answers;
  const auto answer = [&](std::size_t end, Clock::time_point done) {
    for (; answered != end; ++answered) finish(jobs[answered], done, answers);
  };
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    run_job(*jobs[i], connection);
    const auto done = Clock::now();
    const bool late = returning && done - begun > short_group;
    if (i + 1 == jobs.size() || (i + 1 - answered < answer_size && !late)) continue;
    lock.lock();
    if (late) {
      returning = false;
      --returning_readers_;
      if (reader_wanted()) wake_reader();
    }
    answer(i + 1, done);
    lock.unlock();
    answers.give();
  }
  if (together) {
    try {
      StatementUse(connection, "COMMIT")->step();
    } catch (const Error&) {
      connection.roll_back();
    }
  }
  lock.lock();
  if (!returning) ++returning_readers_;
  answer(jobs.size(), Clock::now());
  lock.unlock();
  answers.give();
  jobs.clear();
  lock.lock();
  --returning_readers_;
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
    job->error = current_error();
  }
  if (!job->error) run_job(*job, *connection);
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    // Given up while it was being opened: nobody else will end it.
    if (!job->error && !session->abandoned_ && !job->answered) {
      session->connection_ = std::move(connection);
      session->state_ = Session::State::open;
      session->since_ = Clock::now();
      ++session->client->active_;
      schedule(session);
    } else {
      end_session(session, answers);
    }
    finish(job, Clock::now(), answers);
    ++returning_readers_;
  }
  if (connection) {
    close_parts(*session);
    connection->roll_back();
  }
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
  if (reader_wanted()) wake_reader();
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
  finish(job, Clock::now(), answers);
  session->scheduled_ = false;
  if (!ends) schedule(session);
  std::unique_ptr<Connection> surplus = std::move(session->connection_);
  if (!ends) session->connection_ = std::move(surplus);
  ++returning_readers_;
  lock.unlock();
  surplus.reset();
  answers.give();
  job.reset();
  lock.lock();
  --returning_readers_;
}

}  // namespace weir::sqlite
