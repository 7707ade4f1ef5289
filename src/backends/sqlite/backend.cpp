#include "backends/sqlite/backend.hpp"

#include "backends/install_backend.hpp"
#include "backends/sqlite/process.hpp"
#include "backends/sqlite/search.hpp"
#include "backends/sqlite/stream.hpp"
#include "backends/sqlite/transaction.hpp"

#include <boost/asio/this_coro.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace weir::sqlite {
namespace {

// Records that one transaction of a batch holds, unless the caller says otherwise: enough to make the commit cheap, few
// enough that others get their turn.
constexpr std::size_t default_chunk = 5000;

bool read_inline(const Link& link, const std::string& id, std::optional<Record>& found) {
  return read_point(link, [&](Connection& connection) { found = read_one(connection, link.table->statements, id); });
}

std::shared_ptr<const core::Projection> projection_of(const Query& query) {
  return query.select() ? std::make_shared<const core::Projection>(*query.select()) : nullptr;
}

}  // namespace

Link::Link(Settings all) : settings(std::move(all)), table(settings.table) {
  current = std::make_shared<Client>(Engine::get(settings.engine));
}

std::shared_ptr<Client> Link::client() const {
  const std::lock_guard lock(mutex);
  if (!current) throw Error(errc::pool_closed, "the database was closed");
  return current;
}

std::shared_ptr<Client> Link::take() noexcept {
  const std::lock_guard lock(mutex);
  return std::exchange(current, nullptr);
}

awaitable<void> ensure(std::shared_ptr<Link> link, Clock::time_point deadline) {
  if (link->ensured.load(std::memory_order_acquire)) co_return;
  auto work = [table = link->table](Connection& connection) { ensure_table(connection, *table); };
  co_await call(link, JobKind::bare, deadline, std::move(work));
  link->ensured.store(true, std::memory_order_release);
}

SessionHandle::SessionHandle(std::shared_ptr<Client> client, bool write, std::string tag)
    : session_(std::make_shared<Session>(write, std::move(client), std::move(tag))) {}

SqliteBackend::SqliteBackend(Settings settings)
    : settings_(settings), link_(std::make_shared<Link>(std::move(settings))), native_(link_) {}

Capabilities SqliteBackend::capabilities() const {
  Capabilities out;
  out.transactions = true;
  out.savepoints = true;
  out.conditional_write = true;
  out.atomic_batch = true;
  out.server_side_filter = true;
  out.snapshot_stream = true;
  out.partitions = true;
  return out;
}

awaitable<std::optional<Record>> SqliteBackend::read(CallContext context, std::string id) {
  const auto link = link_;
  if (!link->ensured.load(std::memory_order_acquire)) co_await ensure(link, context.deadline);
  std::optional<Record> found;
  if (link->settings.inline_reads && read_inline(*link, id, found)) co_return found;
  auto work = [table = link->table, key = std::move(id)](Connection& connection) {
    return read_one(connection, table->statements, key);
  };
  auto job = make_job(JobKind::point_read, std::move(work));
  job->deadline = context.deadline;
  co_await run(link->client(), job);
  co_return std::move(*job->result);
}

bool SqliteBackend::try_read_now(const std::string& id, std::optional<Record>& found) {
  return link_->ensured.load(std::memory_order_acquire) && read_inline(*link_, id, found);
}

awaitable<bool> SqliteBackend::exists(CallContext context, std::string id) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  if (link->settings.inline_reads) {
    bool found = false;
    const auto look = [&](Connection& connection) { found = exists_one(connection, link->table->statements, id); };
    if (read_point(*link, look)) co_return found;
  }
  auto work = [table = link->table, key = std::move(id)](Connection& connection) {
    return exists_one(connection, table->statements, key);
  };
  co_return co_await call(link, JobKind::point_read, context.deadline, std::move(work));
}

awaitable<bool> SqliteBackend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  const auto link = link_;
  if (!link->ensured.load(std::memory_order_acquire)) co_await ensure(link, context.deadline);
  auto work = [table = link->table, kind, item = std::move(record), version = options.if_version()](
                  Connection& connection) { return write_one(connection, table->statements, kind, item, version); };
  auto job = make_job(JobKind::write, std::move(work));
  job->deadline = context.deadline;
  co_await run(link->client(), job);
  co_return *job->result;
}

RecordStream SqliteBackend::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(std::make_shared<StreamSource>(link_, std::move(context), std::move(query), std::move(options)));
}

awaitable<std::vector<Record>> SqliteBackend::search(CallContext context, Query query) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  auto search = compile_search(link->table->table, query);
  auto projection = projection_of(query);
  if (link->settings.inline_reads) {
    std::vector<Record> found;
    const auto look = [&](Connection& connection) {
      found = search_all(connection, search, projection.get(), Attempts::one);
    };
    if (read_short(*link, search.plain.sql, context.deadline, look)) co_return found;
  }
  auto work = [search = std::move(search), projection = std::move(projection)](Connection& connection) {
    return search_all(connection, search, projection.get());
  };
  co_return co_await call(link, JobKind::read, context.deadline, std::move(work));
}

awaitable<std::uint64_t> SqliteBackend::count(CallContext context, Query query) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  auto compiled = compile_count(link->table->table, query);
  if (link->settings.inline_reads) {
    std::uint64_t found = 0;
    const auto look = [&](Connection& connection) { found = count_all(connection, compiled); };
    if (read_short(*link, compiled.sql, context.deadline, look)) co_return found;
  }
  auto work = [compiled = std::move(compiled)](Connection& connection) { return count_all(connection, compiled); };
  co_return co_await call(link, JobKind::read, context.deadline, std::move(work));
}

awaitable<std::vector<std::optional<Record>>> SqliteBackend::read_batch(CallContext context,
                                                                        std::vector<std::string> ids) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  if (link->settings.inline_reads) {
    std::vector<std::optional<Record>> found;
    const auto look = [&](Connection& connection) {
      found = in_snapshot(connection, [&] { return read_many(connection, link->table->statements, ids); });
    };
    if (read_short(*link, link->table->statements.read, context.deadline, look)) co_return found;
  }
  auto work = [table = link->table, keys = std::move(ids)](Connection& connection) {
    return in_snapshot(connection, [&] { return read_many(connection, table->statements, keys); });
  };
  co_return co_await call(link, JobKind::read, context.deadline, std::move(work));
}

awaitable<BatchResult> SqliteBackend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                                  BatchOptions options) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  const bool collect = options.on_error() == OnError::collect && !options.atomic();
  const auto shared = std::make_shared<std::vector<Record>>(std::move(records));
  const std::size_t size = shared->size();
  std::size_t chunk = options.chunk() != 0 ? options.chunk() : default_chunk;
  if (options.atomic()) chunk = size;
  BatchResult all;
  all.ids.resize(size);
  for (std::size_t begin = 0; begin < size;) {
    const std::size_t end = begin + std::min(chunk, size - begin);
    // With `stop`, what came before the failed item stays, as it would one by one.
    struct Outcome {
      Outcome() = default;
      BatchResult result;
      std::exception_ptr error;
    };
    const bool keep = options.on_error() == OnError::stop && !options.atomic();
    auto work = [table = link->table, shared, kind, begin, end, collect, keep](Connection& connection) {
      Outcome outcome;
      try {
        write_many(connection, table->statements, kind, *shared, begin, end, collect, outcome.result);
      } catch (const Error& error) {
        const bool item_failed = error.kind() == errc::already_exists || error.kind() == errc::conflict ||
                                 error.kind() == errc::too_large || error.kind() == errc::constraint_violation;
        if (!keep || !item_failed || !connection.in_transaction()) throw;
        outcome.error = std::current_exception();
      }
      return outcome;
    };
    Outcome outcome = co_await call(link, JobKind::alone, context.deadline, std::move(work));
    if (outcome.error) std::rethrow_exception(outcome.error);
    for (std::size_t i = begin; i < end; ++i) all.ids[i] = std::move(outcome.result.ids[i - begin]);
    std::move(outcome.result.errors.begin(), outcome.result.errors.end(), std::back_inserter(all.errors));
    begin = end;
  }
  co_return all;
}

awaitable<std::uint64_t> SqliteBackend::remove_where(CallContext context, Query query) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  auto work = [compiled = compile_remove(link->table->table, query)](Connection& connection) {
    return change_all(connection, compiled);
  };
  co_return co_await call(link, JobKind::alone, context.deadline, std::move(work));
}

awaitable<std::uint64_t> SqliteBackend::patch_where(CallContext context, Query query, Json merge_patch) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  auto work = [compiled = compile_patch(link->table->table, query, encode_fields(merge_patch))](
                  Connection& connection) { return change_all(connection, compiled); };
  co_return co_await call(link, JobKind::alone, context.deadline, std::move(work));
}

awaitable<std::shared_ptr<BackendTransaction>> SqliteBackend::begin(CallContext context, TransactionOptions options) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  co_return co_await begin_transaction(link, context, options);
}

awaitable<Json> SqliteBackend::explain(CallContext context, Query query) {
  const auto link = link_;
  co_await ensure(link, context.deadline);
  auto work = [search = compile_search(link->table->table, query)](Connection& connection) {
    return explain_search(connection, search);
  };
  Json plan = co_await call(link, JobKind::read, context.deadline, std::move(work));
  plan["backend"] = "sqlite";
  plan["evaluated"] = "by the store";
  plan["filter"] = query.filter().to_json();
  co_return plan;
}

awaitable<Health> SqliteBackend::ping(CallContext context) {
  const auto link = link_;
  Health health;
  health.product = "sqlite";
  health.version = sqlite3_libversion();
  health.endpoint = settings_.endpoint;
  const auto begin = Clock::now();
  std::exception_ptr failure;
  try {
    co_await ensure(link, context.deadline);
    auto work = [](Connection& connection) {
      StatementUse statement(connection, "SELECT count(*) FROM sqlite_schema");
      statement->step();
    };
    co_await call(link, JobKind::point_read, context.deadline, std::move(work));
    health.reachable = true;
  } catch (const Error& error) {
    if (error.kind() == errc::cancelled || error.kind() == errc::pool_closed) throw;
    health.error = std::string(error.message());
  }
  health.round_trip = Clock::now() - begin;
  co_return health;
}

awaitable<void> SqliteBackend::close(std::chrono::milliseconds drain) {
  const auto client = link_->take();
  if (!client) co_return;
  co_await close_client(client, drain);
}

PoolStats SqliteBackend::stats() const {
  try {
    return link_->client()->engine->stats();
  } catch (const Error&) {
    PoolStats closed;
    closed.state = PoolState::closed;
    return closed;
  }
}

// The threads serve all loops alike.
PoolStats SqliteBackend::stats(const boost::asio::any_io_executor&) const { return stats(); }

void* SqliteBackend::native(const std::type_info& type) noexcept {
  return type == typeid(SqliteDatabase) ? &native_ : nullptr;
}

std::string SqliteBackend::endpoint() const { return settings_.endpoint; }
bool SqliteBackend::enforces_deadline() const { return true; }

namespace {

awaitable<std::shared_ptr<Backend>> make_backend(Config config) {
  static std::atomic<std::uint64_t> private_memory{0};
  co_return std::make_shared<SqliteBackend>(read_settings(config, ++private_memory));
}

}  // namespace

void install() { detail::install_backend("sqlite", make_backend); }

}  // namespace weir::sqlite
