// How a coroutine hands a job to the engine and waits for it.

#include "backends/sqlite/engine.hpp"
#include "backends/sqlite/process.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace weir::sqlite {
namespace {

namespace asio = boost::asio;

class Start {
 public:
  explicit Start(std::shared_ptr<Loop> loop) : loop_(std::move(loop)) {}

  template <class Handler>
  void operator()(Handler&& handler, const std::shared_ptr<Client>& client, JobPointer job) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    // The erased handler keeps a cancellation state in the original's slot: only its own slot may be assigned to.
    Waiter::Handler erased(std::forward<Handler>(handler));
    auto slot = asio::get_associated_cancellation_slot(erased);
    // On a loop with several threads the coroutine may go on, and its frame with the arguments be gone, as soon as the
    // job is handed over.
    const std::shared_ptr<Engine> engine = client->engine;
    const std::shared_ptr<Loop> loop = loop_;
    loop->wait(job->waiter, std::move(erased), executor);
    if (slot.is_connected()) {
      // A job keeps what it was given; the slot must not keep the job's coroutine alive through it.
      slot.assign([engine, weak = std::weak_ptr<Job>(job)](asio::cancellation_type type) {
        if (type == asio::cancellation_type::none) return;
        if (const auto strong = weak.lock()) engine->cancel(*strong, Stop::cancelled);
      });
    }
    if (engine->submit(job)) loop->wake_later(engine, executor);
  }

 private:
  std::shared_ptr<Loop> loop_;
};

}  // namespace

awaitable<void> run(std::shared_ptr<Client> client, JobPointer job) {
  check_process(client->engine.get());
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Start start(Loop::of(executor));  // refuses before anything waits
  job->client = client;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable, client, job);
}

}  // namespace weir::sqlite
