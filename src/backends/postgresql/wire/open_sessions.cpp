#include "backends/postgresql/wire/open_sessions.hpp"

#include "backends/postgresql/wire/session.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include <vector>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

class Service final : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;
  explicit Service(asio::execution_context& context) : asio::execution_context::service(context) {}

  const std::shared_ptr<OpenSessions> sessions = std::make_shared<OpenSessions>();

 private:
  void shutdown() override { sessions->close_all(); }
};

}  // namespace

std::shared_ptr<OpenSessions> OpenSessions::of(const asio::any_io_executor& executor) {
  return asio::use_service<Service>(asio::query(executor, asio::execution::context)).sessions;
}

void OpenSessions::add(Session& session) {
  const std::lock_guard lock(mutex_);
  sessions_.insert(&session);
}

void OpenSessions::remove(Session& session) noexcept {
  const std::lock_guard lock(mutex_);
  sessions_.erase(&session);
}

void OpenSessions::close_all() noexcept {
  std::vector<std::shared_ptr<Session>> all;
  {
    const std::lock_guard lock(mutex_);
    for (auto* const session : sessions_)
      if (auto alive = session->weak_from_this().lock()) all.push_back(std::move(alive));
  }
  for (const auto& session : all) session->close(true);
}

}  // namespace weir::postgres
