#include "backends/postgresql/transaction.hpp"

#include "backends/postgresql/stream.hpp"
#include "backends/postgresql/wire/copy.hpp"

#include <utility>

namespace weir::postgres {
namespace {

void refuse_write(bool read_only) {
  if (read_only) throw Error(errc::invalid_argument, "the transaction is read only");
}

std::vector<Statement> one(std::string sql) {
  std::vector<Statement> statements;
  statements.emplace_back(std::move(sql));
  return statements;
}

std::string savepoint_name(unsigned depth) { return "weir_" + std::to_string(depth); }

awaitable<void> run(ConduitPtr conduit, std::string sql, Clock::time_point deadline) {
  co_await conduit->ask(one(std::move(sql)), false, Sharing::exclusive, deadline);
}

}  // namespace

std::string begin_statement(const TransactionOptions& options) {
  std::string sql = "BEGIN";
  switch (options.isolation()) {
    case Isolation::automatic: break;
    case Isolation::read_committed: sql += " ISOLATION LEVEL READ COMMITTED"; break;
    case Isolation::repeatable_read: sql += " ISOLATION LEVEL REPEATABLE READ"; break;
    case Isolation::serializable: sql += " ISOLATION LEVEL SERIALIZABLE"; break;
  }
  if (options.read_only()) sql += " READ ONLY";
  if (options.deferrable()) sql += " DEFERRABLE";
  return sql;
}

TransactionConduit::TransactionConduit(LinkPtr link, Lease<Connection> lease, std::string begin)
    : link_(std::move(link)), lease_(std::move(lease)), begin_(std::move(begin)) {}

RequestPtr TransactionConduit::make(std::vector<Statement> statements) {
  if (!lease_) throw Error(errc::invalid_argument, "the transaction has ended");
  auto request = std::make_shared<Request>();
  request->in_transaction = true;
  if (!begin_.empty()) {
    // A statement of its own text in front; its result is taken out again.
    request->statements.emplace_back(std::exchange(begin_, {}));
    request->leading = 1;
  }
  for (Statement& statement : statements) request->statements.push_back(std::move(statement));
  return request;
}

void TransactionConduit::take_fatal(const Request& request) {
  if (!request.server_error || !lease_) return;
  if (ends_the_pool(request.server_error->state)) (*lease_).fail(make_error(*request.server_error));
}

void TransactionConduit::close_later(std::string cursor, unsigned forgotten) {
  const std::lock_guard lock(mutex_);
  unused_.emplace_back(std::move(cursor), forgotten);
}

// Each in a request of its own: what follows may be a ROLLBACK, which an error before it would hold up.
void TransactionConduit::close_unused() {
  std::vector<std::pair<std::string, unsigned>> unused;
  {
    const std::lock_guard lock(mutex_);
    unused.swap(unused_);
  }
  for (const auto& [cursor, forgotten] : unused) {
    if (forgotten != forgotten_) continue;
    auto request = std::make_shared<Request>();
    request->in_transaction = true;
    request->statements.emplace_back("CLOSE " + cursor, std::vector<Parameter>{}, false);
    Session::post((*lease_)->session, std::move(request));
  }
}

awaitable<RequestPtr> TransactionConduit::send(RequestPtr request, Clock::time_point deadline) {
  request->deadline = deadline;
  close_unused();
  const auto session = (*lease_)->session;
  co_await Session::run(session, request);
  take_fatal(*request);
  request->check();
  co_return request;
}

// An answer that is lost leaves nothing open: what was not committed is rolled back.
awaitable<RequestPtr> TransactionConduit::ask(std::vector<Statement> statements, bool, Sharing,
                                              Clock::time_point deadline) {
  return send(make(std::move(statements)), deadline);
}

awaitable<RequestPtr> TransactionConduit::ask_commit(Clock::time_point deadline) {
  return ask_and_commit({}, deadline);
}

awaitable<RequestPtr> TransactionConduit::ask_and_commit(std::vector<Statement> statements,
                                                         Clock::time_point deadline) {
  statements.emplace_back("COMMIT");
  auto request = make(std::move(statements));
  request->write = true;
  request->commits = true;
  return send_commit(std::move(request), deadline);
}

awaitable<RequestPtr> TransactionConduit::send_commit(RequestPtr request, Clock::time_point deadline) {
  co_await send(request, deadline);
  const std::string_view tag = PQcmdStatus(request->results.back().get());
  end();
  if (tag == "ROLLBACK")
    throw Error(errc::server_error, "an earlier error had ended the transaction; it was rolled back", ErrorContext{},
                false);
  co_return request;
}

awaitable<RequestPtr> TransactionConduit::ask_foreign(std::vector<Statement> statements, Sharing,
                                                      Clock::time_point deadline) {
  auto request = make(std::move(statements));
  request->foreign = true;
  return send(std::move(request), deadline);
}

// The answer to the savepoint says that nothing is on its way any longer, which COPY needs.
awaitable<void> TransactionConduit::copy_in(std::string sql, CopySource source, Clock::time_point deadline) {
  co_await send(make(one("SAVEPOINT weir_batch")), deadline);
  std::optional<Error> refused;
  try {
    auto channel = std::make_shared<CopyChannel>((*lease_)->session, deadline);
    co_await CopyChannel::put(channel, std::move(sql), std::move(source));
  } catch (const Error& error) {
    refused = error;
  }
  if (!refused) {
    post(one("RELEASE weir_batch"));
    co_return;
  }
  if (ends_the_pool(refused->server_code())) (*lease_).fail(*refused);
  if ((*lease_)->session->closed()) throw *refused;
  std::vector<Statement> back;
  back.emplace_back("ROLLBACK TO weir_batch");
  back.emplace_back("RELEASE weir_batch");
  co_await send(make(std::move(back)), deadline);
  throw *refused;
}

RequestPtr TransactionConduit::post(std::vector<Statement> statements) {
  auto request = make(std::move(statements));
  close_unused();
  Session::post((*lease_)->session, request);
  return request;
}

void TransactionConduit::finish(std::vector<Statement> statements, bool release) {
  auto request = make(std::move(statements));
  const auto session = (*lease_)->session;
  if (release) {
    request->lease = std::move(lease_);
    lease_.reset();
  }
  Session::post(session, std::move(request));
}

awaitable<void> TransactionConduit::wait(RequestPtr request, Clock::time_point deadline) {
  if (!lease_) throw Error(errc::invalid_argument, "the transaction has ended");
  const auto session = (*lease_)->session;
  co_await Session::run(session, request, deadline);
  take_fatal(*request);
  request->check();
}

void TransactionConduit::end() noexcept { lease_.reset(); }

awaitable<std::shared_ptr<TransactionConduit>> open_transaction(LinkPtr link, std::string begin,
                                                                Clock::time_point deadline, std::string operation) {
  auto lease = co_await acquire_exclusive(link, deadline, std::move(operation));
  co_return std::make_shared<TransactionConduit>(link, std::move(lease), std::move(begin));
}

awaitable<void> commit(std::shared_ptr<TransactionConduit> conduit, Clock::time_point deadline) {
  if (!conduit->begun()) {
    conduit->end();
    co_return;
  }
  co_await conduit->ask_commit(deadline);
}

awaitable<std::optional<Record>> PostgresBackendTransaction::read(CallContext context, std::string id) {
  return read_one(Call(conduit_, context), std::move(id));
}

awaitable<bool> PostgresBackendTransaction::write(CallContext context, WriteKind kind, Record record,
                                                  WriteOptions options) {
  refuse_write(read_only_);
  return write_one(Call(conduit_, context), kind, std::move(record), options.if_version());
}

RecordStream PostgresBackendTransaction::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(
      std::make_shared<StreamSource>(conduit_, std::move(context), std::move(query), std::move(options)));
}

awaitable<std::vector<Record>> PostgresBackendTransaction::search(CallContext context, Query query) {
  return search_all(Call(conduit_, context), std::move(query));
}

awaitable<std::uint64_t> PostgresBackendTransaction::count(CallContext context, Query query) {
  return count_all(Call(conduit_, context), std::move(query));
}

awaitable<std::vector<std::optional<Record>>> PostgresBackendTransaction::read_batch(CallContext context,
                                                                                     std::vector<std::string> ids) {
  return read_many(Call(conduit_, context), std::move(ids));
}

awaitable<BatchResult> PostgresBackendTransaction::write_batch(CallContext context, WriteKind kind,
                                                               std::vector<Record> records, BatchOptions options) {
  refuse_write(read_only_);
  if (kind == WriteKind::update || kind == WriteKind::patch)
    return BackendTransaction::write_batch(std::move(context), kind, std::move(records), std::move(options));
  return write_many(Call(conduit_, context), kind, std::move(records), std::move(options));
}

awaitable<void> PostgresBackendTransaction::commit(CallContext context) {
  return postgres::commit(conduit_, context.deadline);
}

awaitable<void> PostgresBackendTransaction::rollback(CallContext context) {
  const auto conduit = conduit_;
  if (conduit->begun()) co_await run(conduit, "ROLLBACK", context.deadline);
  conduit->end();
}

awaitable<void> PostgresBackendTransaction::savepoint(CallContext context, unsigned depth) {
  return run(conduit_, "SAVEPOINT " + savepoint_name(depth), context.deadline);
}

awaitable<void> PostgresBackendTransaction::release_savepoint(CallContext context, unsigned depth) {
  return run(conduit_, "RELEASE " + savepoint_name(depth), context.deadline);
}

awaitable<void> PostgresBackendTransaction::rollback_to_savepoint(CallContext context, unsigned depth) {
  conduit_->forget_cursors();
  return run(conduit_, "ROLLBACK TO " + savepoint_name(depth), context.deadline);
}

void* PostgresBackendTransaction::native(const std::type_info& type) noexcept {
  return type == typeid(PostgresTransaction) ? &native_ : nullptr;
}

}  // namespace weir::postgres
