// How a job enters a queue, is taken from it and is answered; what is counted on the way.

#include "backends/sqlite/engine.hpp"

#include "backends/sqlite/engine_errors.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

void Engine::Answers::give() noexcept {
  // First, so that whoever is answered may be the last user and join the threads.
  garbage.clear();
  std::vector<Loop::Answer> answers;
  answers.reserve(list.size());
  for (auto& [job, error] : list) answers.push_back({&job->waiter, std::move(error)});
  Loop::complete(answers);
  list.clear();
}

void Engine::enqueue(JobQueue& queue, const JobPointer& job) {
  job->queue = &queue;
  job->place = queue.insert(queue.end(), job);
  job->state = Job::State::queued;
}

bool Engine::submit(const JobPointer& job) {
  Answers answers;
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    start_threads();
    const auto now = Clock::now();
    job->submitted = now;
    ++counters_.acquires;
    const auto refuse = [&](errc code, const std::string& text) {
      ++counters_.rejected;
      job->answered = true;
      job->state = Job::State::finished;
      answers.add(job, std::make_exception_ptr(Error(code, text)));
    };
    const bool in_session = job->session && (job->kind == JobKind::in_session || job->kind == JobKind::end_session);
    JobQueue& queue =
        in_session ? job->session->queue_
                   : (job->is_write() ? write_queue_
                                      : (job->kind == JobKind::begin_read && read_sessions_ >= settings_.max_sessions
                                             ? begin_queue_
                                             : read_queue_));
    if (in_session && (job->session->state_ == Session::State::ended || job->session->ending_)) {
      refuse(job->client->closed_ ? errc::pool_closed : errc::invalid_argument, "the transaction or stream is over");
    } else if (!in_session && job->client->closed_) {
      refuse(errc::pool_closed, "the database was closed");
    } else if (job->deadline <= now) {
      ++counters_.timeouts;
      job->answered = true;
      job->state = Job::State::finished;
      answers.add(job, std::make_exception_ptr(Error(errc::timeout, "the deadline had passed before it began")));
    } else if (!in_session && settings_.max_waiters != 0 && queue.size() >= settings_.max_waiters) {
      refuse(errc::pool_full, std::to_string(queue.size()) + " operations wait already (option max_waiters)");
    } else {
      ++job->client->active_;
      if (job->kind == JobKind::end_session) {
        job->session->ending_ = true;
        if (!job->session->write) stop_running(*job->session, answers);  // a commit keeps what was asked for before it
      }
      job->wait_until = job->deadline;
      if (!in_session && settings_.acquire_timeout.count() != 0)
        job->wait_until = std::min(job->wait_until, now + settings_.acquire_timeout);
      watch(job->wait_until);
      if (job->kind == JobKind::begin_read && &queue == &read_queue_) {
        ++read_sessions_;
        job->session->counted_ = true;
      }
      if (job->kind == JobKind::begin_read || job->kind == JobKind::begin_write) sessions_.push_back(job->session);
      enqueue(queue, job);
      if (in_session && !job->session->write) schedule(job->session);
      wanted = job->is_write() || (in_session && job->session->write)
                   ? writer_idle_
                   : !sleeping_readers_.empty() && called_readers_ == 0 && reader_wanted();
    }
  }
  answers.give();
  return wanted;
}

void Engine::wake() noexcept {
  bool writer = false;
  Sleeper* reader = nullptr;
  {
    const std::lock_guard lock(mutex_);
    writer = writer_idle_ && (owner_ ? !owner_->queue_.empty() : !write_queue_.empty());
    if (reader_wanted()) reader = call_reader();
  }
  if (writer) writer_wake_.notify_one();
  if (reader != nullptr) reader->wake.notify_one();
}

// One at a time: a reader that wakes calls the next one when there is more.
Engine::Sleeper* Engine::call_reader() {
  if (sleeping_readers_.empty() || called_readers_ != 0) return nullptr;
  Sleeper* reader = sleeping_readers_.back();
  sleeping_readers_.pop_back();
  reader->called = true;
  ++called_readers_;
  return reader;
}

void Engine::wake_reader() {
  if (Sleeper* reader = call_reader()) reader->wake.notify_one();
}

void Engine::take(const JobPointer& job, Connection* connection, Clock::time_point now) {
  running_.splice(running_.end(), *job->queue, job->place);
  job->queue = &running_;
  job->state = Job::State::running;
  job->started = now;
  job->running_on = connection;
  if (connection != nullptr) connection->clear_interrupt();
  const auto waited = now - job->submitted;
  counters_.wait_time.counts[DurationHistogram::bucket(waited)]++;
  counters_.wait_time.sum += waited;
  ++counters_.acquires_waited;
}

void Engine::run_job(Job& job, Connection& connection) {
  job.error = nullptr;
  try {
    job.run(connection);
  } catch (...) {
    job.error = current_error();
  }
}

void Engine::finish(const JobPointer& job, Clock::time_point now, Answers& answers) {
  job->queue->erase(job->place);
  job->queue = nullptr;
  job->running_on = nullptr;
  job->state = Job::State::finished;
  const auto used = now - job->started;
  counters_.use_time.counts[DurationHistogram::bucket(used)]++;
  counters_.use_time.sum += used;
  if (job->answered) {
    answers.garbage.push_back(job);
  } else {
    job->answered = true;
    std::exception_ptr error = std::move(job->error);  // whoever is answered is its only owner
    // Interrupted: the reason is ours to tell.
    if (error && job->stop != Stop::none) error = error_of(job->stop);
    if (error && job->partly_applied) error = as_maybe_applied(error);
    answers.add(job, std::move(error));
  }
  release_client(job->client, answers);
  answers.garbage.push_back(std::move(job->client));
}

// A job that waits leaves the queue with an error.
void Engine::drop(Job& job, std::exception_ptr error, Answers& answers) {
  JobPointer keep = *job.place;
  job.queue->erase(job.place);
  job.queue = nullptr;
  job.state = Job::State::finished;
  job.answered = true;
  if (job.kind == JobKind::begin_read || job.kind == JobKind::begin_write) end_session(job.session, answers);
  release_client(job.client, answers);
  answers.garbage.push_back(std::move(job.client));
  answers.add(std::move(keep), std::move(error));
}

void Engine::release_client(const std::shared_ptr<Client>& client, Answers& answers) {
  --client->active_;
  if (client->active_ != 0 || !client->closing_) return;
  client->closing_->answered = true;
  answers.add(std::exchange(client->closing_, nullptr), nullptr);
}

// Connections that somebody has: a session's, and one for the jobs that run on it, as long as one of them is still to
// be answered. Who has an answer never finds its own job here, though an interrupted statement may need a moment to
// end.
std::size_t Engine::connections_in_use() const {
  std::vector<const Connection*> connections;
  std::size_t opening = 0;
  for (const JobPointer& job : running_) {
    if (job->answered) continue;
    if (job->kind == JobKind::begin_read) {
      ++opening;
    } else if (job->kind != JobKind::in_session && job->kind != JobKind::end_session &&
               job->kind != JobKind::begin_write &&
               std::find(connections.begin(), connections.end(), job->running_on) == connections.end()) {
      connections.push_back(job->running_on);
    }
  }
  const auto open = std::count_if(sessions_.begin(), sessions_.end(), [](const std::shared_ptr<Session>& session) {
    return session->state_ == Session::State::open;
  });
  return connections.size() + opening + static_cast<std::size_t>(open);
}

PoolStats Engine::stats() const {
  const std::lock_guard lock(mutex_);
  PoolStats out = counters_;
  const auto now = Clock::now();
  out.max = settings_.readers + 1 + settings_.max_sessions;
  out.used = connections_in_use();
  out.idle = (started_ ? sleeping_readers_.size() + 1 : 0) + idle_connections_.size();
  out.waiters = write_queue_.size() + read_queue_.size() + begin_queue_.size();
  for (const JobQueue* queue : {&write_queue_, &read_queue_, &begin_queue_})
    if (!queue->empty())
      out.oldest_wait = std::max<std::chrono::nanoseconds>(out.oldest_wait, now - queue->front()->submitted);
  for (const auto& session : sessions_)
    if (session->state_ == Session::State::open)
      out.oldest_lease = std::max<std::chrono::nanoseconds>(out.oldest_lease, now - session->since_);
  return out;
}

}  // namespace weir::sqlite
