#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/process.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <utility>

namespace weir::sqlite {
namespace {

std::atomic<std::uint64_t> generation{1};

// The engines of the process, by their key. Leaked on purpose: handles in statics may outlive any static of ours.
struct Registry {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Engine>> engines;
  std::uint64_t generation = process_generation();
};

Registry& registry() {
  static Registry* const instance = [] {
    auto* made = new Registry;
    ::pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });
    return made;
  }();
  return *instance;
}

// A child gets a registry of its own: the parent's mutex may have been held by a thread that is not there.
Registry& registry_of_process() {
  static std::atomic<Registry*> child{nullptr};
  Registry& first = registry();
  if (first.generation == process_generation()) return first;
  for (;;) {
    Registry* current = child.load(std::memory_order_acquire);
    if (current != nullptr && current->generation == process_generation()) return *current;
    auto fresh = std::make_unique<Registry>();
    if (child.compare_exchange_strong(current, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  }
}

// Signals are the program's: none is delivered to these threads.
std::thread start(std::string name, std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct Restore {
    const sigset_t& mask;
    ~Restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } restore{before};
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name.c_str());
  return thread;
}

// Threads that take engines apart, for whoever must not wait for that: the engines' own threads.
class Undertaker {
 public:
  Undertaker() = default;
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;
  ~Undertaker() = delete;  // a thread may let go of the last engine while the statics are being destroyed
  const std::uint64_t generation = process_generation();
  // Made at the same time as another one: nothing was given to it.
  void discard() { ::operator delete(this); }
  // At the end of the process: joins what has begun. An engine that comes later stays as it is, its threads waiting.
  void finish() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      finishing_ = true;
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }
  void take(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (finishing_) return;
    for (const std::thread::id id : finished_) {
      const auto found =
          std::find_if(threads_.begin(), threads_.end(), [id](const auto& t) { return t.get_id() == id; });
      found->join();  // it has left its work
      threads_.erase(found);
    }
    finished_.clear();
    threads_.push_back(start("weir-sq-end", [this, body = std::move(work)]() mutable {
      body();
      body = nullptr;
      const std::lock_guard finished(mutex_);
      finished_.push_back(std::this_thread::get_id());
    }));
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<std::thread::id> finished_;
  bool finishing_ = false;
};

// One for each process: what a fork left behind in a child is not there to be joined.
Undertaker& undertaker() {
  static std::atomic<Undertaker*> instance{nullptr};
  for (;;) {
    Undertaker* current = instance.load(std::memory_order_acquire);
    if (current != nullptr && current->generation == process_generation()) break;
    auto* fresh = new Undertaker;
    // The former one, of the parent, is left as it is.
    if (!instance.compare_exchange_strong(current, fresh, std::memory_order_acq_rel)) fresh->discard();
  }
  struct Finish {
    Finish() = default;
    Finish(const Finish&) = delete;
    Finish& operator=(const Finish&) = delete;
    ~Finish() {
      Undertaker* last = instance.load(std::memory_order_acquire);
      if (last->generation == process_generation()) last->finish();
    }
  };
  static const Finish at_exit;
  return *instance.load(std::memory_order_acquire);
}

thread_local const Engine* own_engine = nullptr;

}  // namespace

std::uint64_t process_generation() noexcept { return generation.load(std::memory_order_relaxed); }

std::shared_ptr<Engine> Engine::get(const EngineSettings& settings) {
  undertaker();  // made before the first engine, hence destroyed after what it may be given
  Registry& all = registry_of_process();
  const std::lock_guard lock(all.mutex);
  auto& entry = all.engines[settings.key];
  if (auto engine = entry.lock()) return engine;
  std::shared_ptr<Engine> engine(new Engine(settings), &Engine::dispose);
  entry = engine;
  std::erase_if(all.engines, [](const auto& item) { return item.second.expired(); });
  return engine;
}

Engine::Engine(EngineSettings settings) : settings_(std::move(settings)), generation_(process_generation()) {}

// Under the mutex, once.
void Engine::start_threads() {
  if (started_) return;
  started_ = true;
  const auto add = [this](const std::string& name, void (Engine::*body)()) {
    threads_.push_back(start(name, [this, body] {
      own_engine = this;
      (this->*body)();
    }));
  };
  add("weir-sq-write", &Engine::run_writer);
  for (unsigned i = 0; i < settings_.readers; ++i) add("weir-sq-read" + std::to_string(i), &Engine::run_reader);
  add("weir-sq-clock", &Engine::run_clock);
}

Engine::~Engine() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Sleeper& reader : readers_) reader.wake.notify_one();
  }
  writer_wake_.notify_all();
  clock_wake_.notify_all();
  busy_wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

// The last user is gone: nothing waits and nothing runs but the end of a job on one of our own threads, which cannot
// join itself. In a child of fork the threads are not there and the file is the parent's: it is left as it is.
void Engine::dispose(Engine* engine) noexcept {
  if (engine->generation_ != process_generation()) return;
  if (own_engine != engine) {
    delete engine;
    return;
  }
  try {
    undertaker().take([engine] { delete engine; });
  } catch (...) {
    // No thread can be made: the engine's threads sleep until the process ends.
  }
}

void Engine::release(std::shared_ptr<Client> client, const JobPointer& job) {
  undertaker().take([owner = std::move(client), job]() mutable {
    owner.reset();
    std::vector<Loop::Answer> answers;
    answers.push_back({&job->waiter, nullptr});
    Loop::complete(answers);
  });
}

void check_process(const Engine* engine) {
  if (engine != nullptr && engine->process() != process_generation())
    throw Error(errc::unavailable, "used after fork; open a new one");
}

}  // namespace weir::sqlite
