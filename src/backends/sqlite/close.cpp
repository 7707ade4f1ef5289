#include "backends/sqlite/transaction.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::sqlite {
namespace {

namespace asio = boost::asio;

class CloseJob final : public Job {
 public:
  CloseJob() : Job(JobKind::bare) {}
  void run(Connection&) override {}
};

// Arguments by value: once the job is handed over, the coroutine may go on in another thread and its frame be gone.
struct StartClose {
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<Client> owner, JobPointer job,
                  std::chrono::milliseconds drain) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    Loop::of(executor)->wait(job->waiter, std::forward<Handler>(handler), executor);
    owner->engine->close(owner, job, drain);
  }
};

struct StartRelease {
  template <class Handler>
  void operator()(Handler&& handler, std::shared_ptr<Client> owner, JobPointer job) const {
    const asio::any_io_executor executor = asio::get_associated_executor(handler);
    Loop::of(executor)->wait(job->waiter, std::forward<Handler>(handler), executor);
    Engine::release(std::move(owner), job);
  }
};

}  // namespace

awaitable<void> close_client(std::shared_ptr<Client> client, std::chrono::milliseconds drain) {
  JobPointer job = std::make_shared<CloseJob>();
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      StartClose{}, asio::use_awaitable, client, job, drain);
  // The last user's threads end, and the file is closed, before this returns.
  JobPointer end = std::make_shared<CloseJob>();
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      StartRelease{}, asio::use_awaitable, std::move(client), end);
}

}  // namespace weir::sqlite
