// Jobs that are not to be finished: cancelled, past their deadline, or of a database that is being closed.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/engine_errors.hpp"

#include <utility>
#include <vector>

namespace weir::sqlite {
namespace {

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
  // Those that wait to be admitted first: room that is made would take them to a queue that was seen already.
  for (JobQueue* queue : {&write_queue_, &begin_queue_, &read_queue_, &running_}) {
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

}  // namespace weir::sqlite
