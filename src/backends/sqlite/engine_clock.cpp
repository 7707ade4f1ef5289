// The thread that watches time limits, and what it says of those who waited too long.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/engine_errors.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace weir::sqlite {
namespace {

// A write that runs past its deadline is answered so much later, though nobody knows then what came of it.
constexpr std::chrono::milliseconds grace{1000};

std::string milliseconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

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
  // Those that wait to be admitted first: room that is made would take them to a queue that was seen already.
  for (JobQueue* queue : {&write_queue_, &begin_queue_, &read_queue_}) check_queue(*queue);
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

}  // namespace weir::sqlite
