// Transactions and streams: their turns and their ends.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/process.hpp"

#include <new>
#include <utility>

namespace weir::sqlite {

void Engine::schedule(const std::shared_ptr<Session>& session) {
  if (session->write || session->scheduled_ || session->queue_.empty()) return;
  session->scheduled_ = true;
  ready_sessions_.push_back(session);
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

}  // namespace weir::sqlite
