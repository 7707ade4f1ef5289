#pragma once

// The threads of one database file: a writer, some readers and a clock, shared by all handles of the process that open
// the same file with the same settings. The last user joins them.
//
// Everything waits in queues under one mutex. A job that waits can be cancelled or run out of time without a trace; a
// read that runs is answered at once and interrupted; a write that runs is interrupted where that hurts no other, and
// answered with what came of it.

#include "backends/sqlite/job.hpp"

#include <weir/error.hpp>
#include <weir/pool_stats.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weir::sqlite {

struct EngineSettings {
  EngineSettings() = default;
  ConnectionSettings connection;
  unsigned readers = 4;
  std::size_t max_sessions = 10;  // read sessions (streams, read-only transactions) at a time
  std::size_t max_waiters = 4096;
  std::chrono::milliseconds acquire_timeout{5000};  // 0: the operation's deadline only
  std::chrono::milliseconds busy_timeout{5000};
  std::string key;  // what makes two settings the same engine
};

class Engine;

// One database handle (and its copies) as the engine sees it.
class Client {
 public:
  explicit Client(std::shared_ptr<Engine> shared_engine) : engine(std::move(shared_engine)) {}
  const std::shared_ptr<Engine> engine;

 private:
  friend class Engine;
  // Guarded by the engine's mutex.
  bool closed_ = false;
  std::size_t active_ = 0;  // jobs and sessions
  JobPointer closing_;
  Clock::time_point close_at_ = Clock::time_point::max();
};

// A transaction or stream: a connection that belongs to one user for a while. Its jobs run one after another.
class Session {
 public:
  Session(bool is_write, std::shared_ptr<Client> owner, std::string label)
      : write(is_write), client(std::move(owner)), tag(std::move(label)) {}
  const bool write;
  const std::shared_ptr<Client> client;
  const std::string tag;

  // Objects that use the connection: open cursors. Touched by the session's jobs only, which close them at its end.
  class Part {
   public:
    virtual void close() noexcept = 0;
    virtual void detach() = 0;  // before the connection writes

   protected:
    Part() = default;
    Part(const Part&) = default;
    Part& operator=(const Part&) = default;
    ~Part() = default;
  };
  std::list<std::shared_ptr<Part>> parts;

 private:
  friend class Engine;
  // Guarded by the engine's mutex.
  enum class State { opening, open, ended };
  State state_ = State::opening;
  bool counted_ = false;
  bool scheduled_ = false;  // a reader has it, or it is in the list of those that want one
  bool ending_ = false;
  bool abandoned_ = false;  // while it was being opened
  JobQueue queue_;
  Clock::time_point since_;
  std::unique_ptr<Connection> connection_;  // of a read session
};

class Engine final : public Wakeable, public std::enable_shared_from_this<Engine> {
 public:
  // The engine of these settings, made when there is none. Starts no thread before the first job.
  static std::shared_ptr<Engine> get(const EngineSettings& settings);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The job's waiter, if it has one, waits already. Never blocks; a refusal is given as the job's answer.
  // True when the threads have to be woken for it, which is then the caller's to do.
  [[nodiscard]] bool submit(const JobPointer& job);
  void wake() noexcept override;
  void cancel(Job& job, Stop reason);
  // Rolls the session back when it is not over yet. From any thread, never blocks.
  void abandon(const std::shared_ptr<Session>& session) noexcept;
  // Answers `job` when nothing of the client is left, at the latest after `drain`; what is left then is ended.
  void close(const std::shared_ptr<Client>& client, const JobPointer& job, std::chrono::milliseconds drain);

  // Gives the client up on a thread of its own, joining the engine's threads when it was the last, then answers `job`.
  static void release(std::shared_ptr<Client> client, const JobPointer& job);

  // For a read on the caller's own thread: a connection of nobody else's, to be given back; it never waits for a lock.
  // A close waits until it is.
  std::unique_ptr<Connection> borrow(const std::shared_ptr<Client>& client);
  void give_back(const std::shared_ptr<Client>& client, std::unique_ptr<Connection> connection) noexcept;

  PoolStats stats() const;
  const EngineSettings& settings() const noexcept { return settings_; }
  std::uint64_t process() const noexcept { return generation_; }

 private:
  explicit Engine(EngineSettings settings);
  ~Engine();
  static void dispose(Engine* engine) noexcept;

  using Lock = std::unique_lock<std::mutex>;
  // Answers are given, and jobs destroyed, only after the mutex was left.
  struct Answers {
    Answers() = default;
    void add(JobPointer job, std::exception_ptr error) { list.emplace_back(std::move(job), std::move(error)); }
    void give() noexcept;
    std::vector<std::pair<JobPointer, std::exception_ptr>> list;
    std::vector<std::shared_ptr<void>> garbage;
  };

  struct Sleeper {
    std::condition_variable wake;
    bool called = false;
  };

  void start_threads();  // engine_registry.cpp

  // engine.cpp: from a queue to an answer
  void enqueue(JobQueue& queue, const JobPointer& job);
  Sleeper* call_reader();
  void wake_reader();
  void take(const JobPointer& job, Connection* connection, Clock::time_point now);
  static void run_job(Job& job, Connection& connection);
  void finish(const JobPointer& job, Clock::time_point now, Answers& answers);
  void drop(Job& job, std::exception_ptr error, Answers& answers);
  void release_client(const std::shared_ptr<Client>& client, Answers& answers);
  std::size_t connections_in_use() const;

  // engine_sessions.cpp
  void schedule(const std::shared_ptr<Session>& session);
  void enqueue_end(const std::shared_ptr<Session>& session);
  void end_session(const std::shared_ptr<Session>& session, Answers& answers);
  void admit_sessions();
  static void close_parts(Session& session) noexcept;

  // engine_stop.cpp
  void stop_job(Job& job, Stop reason, Answers& answers);
  void stop_running(const Session& session, Answers& answers);
  void stop_client(const std::shared_ptr<Client>& client, Answers& answers);

  // engine_clock.cpp
  void run_clock();
  void watch(Clock::time_point when);
  void check_times(Clock::time_point now, Answers& answers);
  std::exception_ptr waited_too_long(const Job& job, Clock::time_point now) const;

  // engine_writer.cpp
  void run_writer();
  void write_once(Lock& lock);
  void fail_front(Lock& lock, std::exception_ptr error);
  void run_group(Lock& lock);
  void commit_group(const std::vector<JobPointer>& jobs);
  void run_alone(Lock& lock, const JobPointer& job);
  void open_write_session(Lock& lock, const JobPointer& job);
  void run_owner(Lock& lock);
  int log_growth();
  void copy_log(Lock& lock);

  // engine_readers.cpp
  void run_reader();
  std::unique_ptr<Connection> open_reader();
  bool reader_wanted() const;
  void read_once(Lock& lock, std::unique_ptr<Connection>& connection);
  void read_group(Lock& lock, std::vector<JobPointer>& jobs, Connection& connection, Clock::time_point begun);
  void run_begin_read(const JobPointer& job);
  void run_session_turn(Lock& lock);

  // engine_busy.cpp
  bool writer_may_wait(std::chrono::nanoseconds waited);
  bool reader_may_wait(std::chrono::nanoseconds waited);

  const EngineSettings settings_;
  const std::uint64_t generation_;

  mutable std::mutex mutex_;
  std::condition_variable writer_wake_;
  std::condition_variable clock_wake_;
  std::condition_variable busy_wake_;
  bool started_ = false;
  bool stopping_ = false;
  bool writer_idle_ = false;
  JobQueue write_queue_;
  JobQueue read_queue_;
  JobQueue begin_queue_;  // of read sessions, while there are too many
  JobQueue running_;
  std::list<std::shared_ptr<Session>> ready_sessions_;
  std::list<std::shared_ptr<Session>> sessions_;
  std::shared_ptr<Session> owner_;  // the transaction that has the writer
  std::size_t read_sessions_ = 0;
  std::vector<std::unique_ptr<Connection>> idle_connections_;
  std::vector<std::unique_ptr<Connection>> lent_;  // those that borrow() gives, between two uses
  std::list<Sleeper> readers_;                     // one for each reader thread
  std::vector<Sleeper*> sleeping_readers_;  // the last to fall asleep is called first: what it needs is in its caches
  std::size_t called_readers_ = 0;          // and have not come yet
  std::size_t returning_readers_ = 0;       // will look for work at once
  bool sessions_turn_ = false;
  bool beginning_ = false;   // the writer waits for the file's lock, nothing is taken yet
  bool locked_out_ = false;  // and another process holds it
  Clock::time_point next_check_ = Clock::time_point::max();
  int checkpointed_at_ = 0;                        // pages in the log when it was last copied into the file
  std::unique_ptr<Connection> writer_connection_;  // the writer thread's
  PoolStats counters_;
  std::vector<std::thread> threads_;
};

// A coroutine waits for the job (engine_wait.cpp). Throws what came of it.
awaitable<void> run(std::shared_ptr<Client> client, JobPointer job);

}  // namespace weir::sqlite
