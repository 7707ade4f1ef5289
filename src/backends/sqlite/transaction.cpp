#include "backends/sqlite/transaction.hpp"

#include "backends/sqlite/search.hpp"
#include "backends/sqlite/stream.hpp"

#include <utility>

namespace weir::sqlite {
namespace {

void refuse_write(bool read_only) {
  if (read_only) throw Error(errc::invalid_argument, "the transaction is read only");
}

std::string savepoint_name(unsigned depth) { return "weir_" + std::to_string(depth); }

// Undoes what `body` did when it throws, so that an item or batch fails whole inside a transaction that goes on.
template <class Body>
auto in_savepoint(Connection& connection, Body body) {
  connection.execute("SAVEPOINT weir_batch");
  try {
    auto result = body();
    connection.execute("RELEASE weir_batch");
    return result;
  } catch (...) {
    if (connection.in_transaction()) {
      connection.clear_interrupt();
      connection.execute("ROLLBACK TO weir_batch; RELEASE weir_batch");
    }
    throw;
  }
}

}  // namespace

void detach_cursors(Session& session) {
  for (const auto& part : session.parts) part->detach();
}

awaitable<std::shared_ptr<BackendTransaction>> begin_transaction(std::shared_ptr<Link> link, CallContext context,
                                                                 TransactionOptions options) {
  const bool read_only = options.read_only() || link->settings.engine.connection.read_only;
  const auto client = link->client();
  auto session = std::make_shared<SessionHandle>(client, !read_only, context.tag);
  auto work = [](Connection&) {};
  auto job = make_job(read_only ? JobKind::begin_read : JobKind::begin_write, std::move(work));
  job->session = session->session();
  job->deadline = context.deadline;
  co_await run(client, job);
  co_return std::make_shared<SqliteBackendTransaction>(link, std::move(session), read_only);
}

SqliteBackendTransaction::SqliteBackendTransaction(std::shared_ptr<Link> link, std::shared_ptr<SessionHandle> session,
                                                   bool read_only)
    : link_(std::move(link)),
      session_(std::move(session)),
      read_only_(read_only),
      native_(session_, link_->settings.timeout, read_only) {}

awaitable<std::optional<Record>> SqliteBackendTransaction::read(CallContext context, std::string id) {
  auto work = [table = link_->table, key = std::move(id)](Connection& connection) {
    return read_one(connection, table->statements, key);
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<bool> SqliteBackendTransaction::write(CallContext context, WriteKind kind, Record record,
                                                WriteOptions options) {
  refuse_write(read_only_);
  auto work = [table = link_->table, session = session_->session(), kind, item = std::move(record),
               version = options.if_version()](Connection& connection) {
    detach_cursors(*session);
    return write_one(connection, table->statements, kind, item, version);
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

RecordStream SqliteBackendTransaction::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(std::make_shared<StreamSource>(link_, session_->session(), std::move(context), std::move(query),
                                                     std::move(options)));
}

awaitable<std::vector<Record>> SqliteBackendTransaction::search(CallContext context, Query query) {
  std::shared_ptr<const core::Projection> projection;
  if (query.select()) projection = std::make_shared<const core::Projection>(*query.select());
  auto work = [search = compile_search(link_->table->table, query), projection](Connection& connection) {
    return search_all(connection, search, projection.get());
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<std::uint64_t> SqliteBackendTransaction::count(CallContext context, Query query) {
  auto work = [compiled = compile_count(link_->table->table, query)](Connection& connection) {
    return count_all(connection, compiled);
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<std::vector<std::optional<Record>>> SqliteBackendTransaction::read_batch(CallContext context,
                                                                                   std::vector<std::string> ids) {
  auto work = [table = link_->table, keys = std::move(ids)](Connection& connection) {
    return read_many(connection, table->statements, keys);
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<BatchResult> SqliteBackendTransaction::write_batch(CallContext context, WriteKind kind,
                                                             std::vector<Record> records, BatchOptions options) {
  refuse_write(read_only_);
  const bool collect = options.on_error() == OnError::collect && !options.atomic();
  auto work = [table = link_->table, session = session_->session(), kind, collect, atomic = options.atomic(),
               items = std::move(records)](Connection& connection) mutable {
    detach_cursors(*session);
    BatchResult result;
    const auto write = [&] {
      write_many(connection, table->statements, kind, items, 0, items.size(), collect, result);
      return 0;
    };
    if (atomic) {
      in_savepoint(connection, write);
    } else {
      write();
    }
    return result;
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<void> SqliteBackendTransaction::commit(CallContext context) {
  auto work = [read_only = read_only_](Connection& connection) {
    if (!connection.in_transaction())
      throw Error(errc::serialization_failure, "SQLite rolled the transaction back after an earlier error");
    if (read_only) {
      connection.roll_back();
    } else {
      connection.execute("COMMIT");
    }
  };
  return call_in(session_, JobKind::end_session, context.deadline, std::move(work));
}

awaitable<void> SqliteBackendTransaction::rollback(CallContext context) {
  auto work = [](Connection& connection) { connection.roll_back(); };
  return call_in(session_, JobKind::end_session, context.deadline, std::move(work));
}

awaitable<void> SqliteBackendTransaction::savepoint(CallContext context, unsigned depth) {
  auto work = [name = savepoint_name(depth)](Connection& connection) { connection.execute("SAVEPOINT " + name); };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<void> SqliteBackendTransaction::release_savepoint(CallContext context, unsigned depth) {
  auto work = [name = savepoint_name(depth)](Connection& connection) { connection.execute("RELEASE " + name); };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

awaitable<void> SqliteBackendTransaction::rollback_to_savepoint(CallContext context, unsigned depth) {
  auto work = [name = savepoint_name(depth), session = session_->session()](Connection& connection) {
    detach_cursors(*session);
    connection.execute("ROLLBACK TO " + name);
  };
  return call_in(session_, JobKind::in_session, context.deadline, std::move(work));
}

void* SqliteBackendTransaction::native(const std::type_info& type) noexcept {
  return type == typeid(SqliteTransaction) ? &native_ : nullptr;
}

}  // namespace weir::sqlite
