#include "backends/sqlite/engine.hpp"

#include "backends/sqlite/process.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace weir::sqlite {
namespace {

// A write that runs past its deadline is answered so much later, though nobody knows then what came of it.
constexpr std::chrono::milliseconds grace{1000};

std::string milliseconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

std::exception_ptr error_of(Stop reason) {
  switch (reason) {
    case Stop::timeout:
      return std::make_exception_ptr(Error(errc::timeout, "the deadline passed while SQLite was at work"));
    case Stop::closed: return std::make_exception_ptr(Error(errc::pool_closed, "the database was closed"));
    default: return std::make_exception_ptr(Error(errc::cancelled, "the caller cancelled it"));
  }
}

bool answered_at_once(const Job& job) noexcept {
  switch (job.kind) {
    case JobKind::read:
    case JobKind::point_read:
    case JobKind::begin_read: return true;
    case JobKind::in_session: return !job.session->write;
    default: return false;
  }
}

// Interrupting would hit the others that share its transaction.
bool may_interrupt(const Job& job) noexcept {
  return job.kind != JobKind::write && job.kind != JobKind::point_read && job.kind != JobKind::end_session;
}

}  // namespace

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
      wanted = job->is_write() || (in_session && job->session->write) ? writer_idle_
                                                                      : idle_readers_ != 0 && reader_signals_ == 0;
    }
  }
  answers.give();
  return wanted;
}

void Engine::wake() noexcept {
  bool writer = false;
  bool reader = false;
  {
    const std::lock_guard lock(mutex_);
    writer = writer_idle_ && (owner_ ? !owner_->queue_.empty() : !write_queue_.empty());
    reader = (!read_queue_.empty() || !ready_sessions_.empty()) && call_reader();
  }
  if (writer) writer_wake_.notify_one();
  if (reader) reader_wake_.notify_one();
}

// One signal at a time: a reader that wakes passes it on when there is more.
bool Engine::call_reader() {
  if (idle_readers_ == 0 || reader_signals_ != 0) return false;
  ++reader_signals_;
  return true;
}

void Engine::wake_reader() {
  if (call_reader()) reader_wake_.notify_one();
}

void Engine::schedule(const std::shared_ptr<Session>& session) {
  if (session->write || session->scheduled_ || session->queue_.empty()) return;
  session->scheduled_ = true;
  ready_sessions_.push_back(session);
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

void Engine::finish(const JobPointer& job, Answers& answers) {
  job->queue->erase(job->place);
  job->queue = nullptr;
  job->running_on = nullptr;
  job->state = Job::State::finished;
  const auto used = Clock::now() - job->started;
  counters_.use_time.counts[DurationHistogram::bucket(used)]++;
  counters_.use_time.sum += used;
  if (job->answered) {
    answers.garbage.push_back(job);
  } else {
    job->answered = true;
    std::exception_ptr error = job->error;
    // Interrupted: the reason is ours to tell.
    if (error && job->stop != Stop::none) error = error_of(job->stop);
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

// The session is over: what still waits for it fails, and its connection goes back.
void Engine::end_session(const std::shared_ptr<Session>& session, Answers& answers) {
  if (session->state_ == Session::State::ended) return;
  if (session->state_ == Session::State::open) release_client(session->client, answers);
  session->state_ = Session::State::ended;
  sessions_.remove(session);
  answers.garbage.push_back(session);
  const Error over = session->client->closed_ ? Error(errc::pool_closed, "the database was closed")
                                              : Error(errc::invalid_argument, "the transaction or stream is over");
  while (!session->queue_.empty()) drop(*session->queue_.front(), std::make_exception_ptr(over), answers);
  if (session == owner_) {
    owner_.reset();
    writer_wake_.notify_one();
  }
  if (session->counted_) {
    session->counted_ = false;
    --read_sessions_;
    admit_sessions();
  }
}

void Engine::admit_sessions() {
  while (read_sessions_ < settings_.max_sessions && !begin_queue_.empty()) {
    const JobPointer& job = begin_queue_.front();
    ++read_sessions_;
    job->session->counted_ = true;
    job->queue = &read_queue_;
    read_queue_.splice(read_queue_.end(), begin_queue_, job->place);
    wake_reader();
  }
}

void Engine::cancel(Job& job, Stop reason) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    stop_job(job, reason, answers);
    ++counters_.cancelled;
  }
  answers.give();
}

void Engine::stop_job(Job& job, Stop reason, Answers& answers) {
  if (job.answered || job.kind == JobKind::end_session) return;
  if (job.state == Job::State::queued) {
    drop(job, error_of(reason), answers);
    if (beginning_) busy_wake_.notify_all();
    return;
  }
  if (job.state != Job::State::running || job.stop != Stop::none) return;
  job.stop = reason;
  busy_wake_.notify_all();
  if (may_interrupt(job) && job.running_on != nullptr) job.running_on->interrupt();
  if (!answered_at_once(job)) return;
  job.answered = true;
  answers.add(*job.place, error_of(reason));
}

// What a session that ends still does is wanted by nobody: a piece of a stream that was fetched ahead, or an operation
// whose coroutine is gone.
void Engine::stop_running(const Session& session, Answers& answers) {
  for (const JobPointer& job : running_)
    if (job->session.get() == &session && job->kind == JobKind::in_session) {
      stop_job(*job, Stop::cancelled, answers);
      return;  // one at a time
    }
}

void Engine::enqueue_end(const std::shared_ptr<Session>& session) {
  auto job = make_job(JobKind::end_session, [](Connection& connection) { connection.roll_back(); });
  job->session = session;
  job->client = session->client;
  job->submitted = Clock::now();
  session->ending_ = true;
  ++session->client->active_;
  enqueue(session->queue_, job);
  schedule(session);
  if (session->write) {
    writer_wake_.notify_one();
  } else {
    wake_reader();
  }
}

void Engine::close_parts(Session& session) noexcept {
  for (const auto& part : session.parts) part->close();
  session.parts.clear();
}

void Engine::abandon(const std::shared_ptr<Session>& session) noexcept {
  if (generation_ != process_generation()) return;
  try {
    Answers answers;
    {
      const std::lock_guard lock(mutex_);
      if (session->state_ == Session::State::opening) session->abandoned_ = true;
      if (session->state_ == Session::State::open && !session->ending_) {
        stop_running(*session, answers);
        enqueue_end(session);
      }
    }
    answers.give();
  } catch (const std::bad_alloc&) {
    // The session stays open until the database is closed; there is no memory to say so.
  }
}

void Engine::close(const std::shared_ptr<Client>& client, const JobPointer& job, std::chrono::milliseconds drain) {
  Answers answers;
  {
    const std::lock_guard lock(mutex_);
    client->closed_ = true;
    job->state = Job::State::running;
    if (client->active_ == 0) {
      job->answered = true;
      answers.add(job, nullptr);
    } else {
      start_threads();
      client->closing_ = job;
      client->close_at_ = Clock::now() + drain;
      // Found again through what it still has: a job or a session.
      watch(client->close_at_);
    }
  }
  answers.give();
}

void Engine::stop_client(const std::shared_ptr<Client>& client, Answers& answers) {
  for (JobQueue* queue : {&write_queue_, &read_queue_, &begin_queue_, &running_}) {
    for (auto place = queue->begin(); place != queue->end();) {
      const JobPointer job = *place++;
      if (job->client == client) stop_job(*job, Stop::closed, answers);
      answers.garbage.push_back(job);
    }
  }
  for (const auto& session : std::vector<std::shared_ptr<Session>>(sessions_.begin(), sessions_.end())) {
    answers.garbage.push_back(session);
    if (session->client != client || session->state_ != Session::State::open || session->ending_) continue;
    enqueue_end(session);
  }
}

void Engine::watch(Clock::time_point when) {
  if (when >= next_check_) return;
  next_check_ = when;
  clock_wake_.notify_one();
}

std::exception_ptr Engine::waited_too_long(const Job& job, Clock::time_point now) const {
  const std::string waited = milliseconds(now - job.submitted);
  std::string text;
  if (job.is_write()) {
    if (locked_out_)
      return std::make_exception_ptr(
          Error(errc::timeout, "waited " + waited + " while another process held the lock of the file"));
    text = "no turn at the writer within " + waited + ": ";
    if (owner_) {
      text += "a transaction";
      if (!owner_->tag.empty()) text += " (" + owner_->tag + ")";
      text += " has held it for " + milliseconds(now - owner_->since_) + ", ";
    }
    text += std::to_string(write_queue_.size()) + " writes wait";
  } else if (job.kind == JobKind::begin_read) {
    Clock::time_point oldest = now;
    for (const auto& session : sessions_)
      if (!session->write && session->state_ == Session::State::open) oldest = std::min(oldest, session->since_);
    text = "no connection for a stream or read-only transaction within " + waited + ": " +
           std::to_string(read_sessions_) + " are open (option max_size), the oldest for " + milliseconds(now - oldest);
  } else {
    text = "no reader within " + waited + ": " + std::to_string(read_queue_.size()) + " reads wait, " +
           std::to_string(running_.size()) + " operations run (option readers)";
  }
  return std::make_exception_ptr(Error(errc::pool_timeout, text));
}

// Looks at everything that has a time limit. Rarely called: the next look is at the nearest limit of those seen.
void Engine::check_times(Clock::time_point now, Answers& answers) {
  next_check_ = Clock::time_point::max();
  Clock::time_point next = Clock::time_point::max();
  const auto check_queue = [&](JobQueue& queue) {
    for (auto place = queue.begin(); place != queue.end();) {
      Job& job = **place++;
      const auto limit = job.is_write() && locked_out_ ? job.deadline : job.wait_until;
      if (job.kind == JobKind::end_session) continue;
      if (limit <= now) {
        ++counters_.timeouts;
        drop(job, waited_too_long(job, now), answers);
      } else {
        next = std::min(next, limit);
      }
    }
  };
  for (JobQueue* queue : {&write_queue_, &read_queue_, &begin_queue_}) check_queue(*queue);
  for (const auto& session : sessions_) {
    for (auto place = session->queue_.begin(); place != session->queue_.end();) {
      Job& job = **place++;
      if (job.kind == JobKind::end_session) continue;
      if (job.deadline <= now) {
        ++counters_.timeouts;
        drop(job, error_of(Stop::timeout), answers);
      } else {
        next = std::min(next, job.deadline);
      }
    }
  }
  for (const JobPointer& job : running_) {
    if (job->answered || job->deadline == Clock::time_point::max()) continue;
    if (job->deadline > now) {
      next = std::min(next, job->deadline);
      continue;
    }
    if (job->stop == Stop::none) {
      ++counters_.timeouts;
      stop_job(*job, Stop::timeout, answers);
    }
    if (job->answered || job->kind == JobKind::end_session) continue;
    if (job->deadline + grace <= now) {
      job->answered = true;
      answers.add(job, std::make_exception_ptr(Error(errc::timeout,
                                                     "the deadline passed and the file system has not answered yet",
                                                     ErrorContext{}.maybe_applied(true))));
    } else {
      next = std::min(next, job->deadline + grace);
    }
  }
  std::vector<std::shared_ptr<Client>> closing;
  const auto note = [&](const std::shared_ptr<Client>& client) {
    if (client->closing_ && std::find(closing.begin(), closing.end(), client) == closing.end())
      closing.push_back(client);
  };
  for (const JobQueue* queue : {&write_queue_, &read_queue_, &begin_queue_, &running_})
    for (const JobPointer& job : *queue) note(job->client);
  for (const auto& session : sessions_) note(session->client);
  for (const auto& client : closing) {
    answers.garbage.push_back(client);
    if (client->close_at_ > now) {
      next = std::min(next, client->close_at_);
    } else {
      client->close_at_ = Clock::time_point::max();
      stop_client(client, answers);
    }
  }
  if (beginning_) busy_wake_.notify_all();
  next_check_ = std::min(next_check_, next);
}

PoolStats Engine::stats() const {
  const std::lock_guard lock(mutex_);
  PoolStats out = counters_;
  const auto now = Clock::now();
  out.max = settings_.readers + 1 + settings_.max_sessions;
  out.used = running_.size() + sessions_.size();
  out.idle = (started_ ? idle_readers_ + 1 : 0) + idle_connections_.size();
  out.waiters = write_queue_.size() + read_queue_.size() + begin_queue_.size();
  for (const JobQueue* queue : {&write_queue_, &read_queue_, &begin_queue_})
    if (!queue->empty())
      out.oldest_wait = std::max<std::chrono::nanoseconds>(out.oldest_wait, now - queue->front()->submitted);
  for (const auto& session : sessions_)
    if (session->state_ == Session::State::open)
      out.oldest_lease = std::max<std::chrono::nanoseconds>(out.oldest_lease, now - session->since_);
  return out;
}

namespace {

namespace asio = boost::asio;

struct Start {
  template <class Handler>
  void operator()(Handler&& handler, const std::shared_ptr<Client>& client, JobPointer job) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    // The erased handler keeps a cancellation state in the original's slot: only its own slot may be assigned to.
    Waiter::Handler erased(std::forward<Handler>(handler));
    auto slot = asio::get_associated_cancellation_slot(erased);
    const std::shared_ptr<Loop> loop = Loop::of(executor);
    loop->wait(job->waiter, std::move(erased), executor);
    if (slot.is_connected()) {
      // A job keeps what it was given; the slot must not keep the job's coroutine alive through it.
      slot.assign([engine = client->engine, weak = std::weak_ptr<Job>(job)](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        if (const auto strong = weak.lock()) engine->cancel(*strong, Stop::cancelled);
      });
    }
    if (client->engine->submit(job)) loop->wake_later(client->engine, executor);
  }
};

}  // namespace

awaitable<void> run(std::shared_ptr<Client> client, JobPointer job) {
  check_process(client->engine.get());
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Loop::of(executor);  // refuses before anything waits
  job->client = client;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(Start{}, asio::use_awaitable,
                                                                                         client, job);
}

}  // namespace weir::sqlite
