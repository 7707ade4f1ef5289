#include "backends/postgresql/wire/connection.hpp"

namespace weir::postgres {

ConnectionFactory::ConnectionFactory(std::shared_ptr<const ConnectSettings> settings,
                                     std::shared_ptr<SessionFamily> family)
    : settings_(std::move(settings)), family_(std::move(family)) {}

awaitable<std::unique_ptr<Connection>> ConnectionFactory::connect() {
  auto session = co_await connect_session(settings_, family_);
  if (session->parameter("server_encoding") != "UTF8")
    throw Error(errc::unsupported,
                "the database's encoding is " + session->parameter("server_encoding") + "; records need UTF8");
  const auto limit = co_await introduce(session, settings_->server_timeouts, session->greeted_by());
  server_limit_.store(limit, std::memory_order_relaxed);
  co_return std::make_unique<Connection>(std::move(session));
}

std::optional<std::uint64_t> ConnectionFactory::server_limit() const noexcept {
  const auto limit = server_limit_.load(std::memory_order_relaxed);
  // Behind a pooler the server's limit is not ours.
  if (limit == 0 || family_->pooler.load(std::memory_order_relaxed)) return std::nullopt;
  return limit;
}

awaitable<bool> ConnectionFactory::ping(Connection& connection) {
  const auto session = connection.session;
  auto request = std::make_shared<Request>();
  request->statements.emplace_back("", std::vector<Parameter>{}, false);
  co_await Session::run(session, request);
  co_return !request->error && !request->server_error;
}

// Behind a lease that left something: a statement on its way, a transaction, settings.
awaitable<bool> ConnectionFactory::reset(Connection& connection) {
  const auto session = connection.session;
  session->abandon_all();
  auto request = std::make_shared<Request>();
  // Outside of a transaction it does nothing but warn.
  request->statements.emplace_back(session->idle() && !session->in_transaction() ? "" : "ROLLBACK",
                                   std::vector<Parameter>{}, false);
  co_await Session::run(session, request);
  if (request->error || request->server_error) co_return false;
  if (session->dirty()) {
    auto discard = std::make_shared<Request>();
    discard->statements.emplace_back("DISCARD ALL", std::vector<Parameter>{}, false);
    co_await Session::run(session, discard);
    if (discard->error || discard->server_error) co_return false;
    session->was_reset();
    co_await introduce(session, settings_->server_timeouts, session->greeted_by());
  }
  co_return !session->closed() && session->idle() && !session->in_transaction();
}

bool ConnectionFactory::usable(const Connection& connection) noexcept {
  const Session& session = *connection.session;
  if (session.closed()) return false;
  return !session.idle() || session.just_heard() || !session.readable();
}

ReturnAs ConnectionFactory::on_return(const Connection& connection) noexcept {
  const Session& session = *connection.session;
  if (session.closed()) return ReturnAs::close;
  if (!connection.exclusive.exchange(false, std::memory_order_acq_rel)) return ReturnAs::ready;
  return !session.idle() || session.in_transaction() || session.dirty() ? ReturnAs::reset : ReturnAs::ready;
}

void ConnectionFactory::abandon(std::unique_ptr<Connection> connection) noexcept { connection->session->close(true); }

}  // namespace weir::postgres
