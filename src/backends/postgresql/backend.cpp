#include "backends/postgresql/backend.hpp"

#include "backends/install_backend.hpp"
#include "backends/postgresql/batch.hpp"
#include "backends/postgresql/codec.hpp"
#include "backends/postgresql/gathered_reads.hpp"
#include "backends/postgresql/stream.hpp"
#include "backends/postgresql/transaction.hpp"
#include "backends/postgresql/wire/off_the_loop.hpp"

#include <weir/postgresql.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace weir::postgres {

namespace {

ConduitPtr reading_conduit(const LinkPtr& link) {
  auto conduit = std::make_shared<PoolConduit>(link);
  conduit->read_as_configured();
  return conduit;
}

}  // namespace

PostgresBackend::PostgresBackend(const Config& config)
    : link_(std::make_shared<Link>(config)), conduit_(reading_conduit(link_)), native_(link_) {}

Capabilities PostgresBackend::capabilities() const {
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

awaitable<std::optional<Record>> PostgresBackend::read(CallContext context, std::string id) {
  if (link_->settings.coalesce_reads) return when_ready(context, &GatheredReads::read, std::move(id));
  return when_ready(context, &read_one, std::move(id));
}

awaitable<bool> PostgresBackend::exists(CallContext context, std::string id) {
  return when_ready(context, &exists_one, std::move(id));
}

awaitable<bool> PostgresBackend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  return when_ready(context, &write_one, kind, std::move(record), options.if_version());
}

RecordStream PostgresBackend::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(std::make_shared<StreamSource>(link_, std::move(context), std::move(query), std::move(options)));
}

awaitable<std::vector<Record>> PostgresBackend::search(CallContext context, Query query) {
  return when_ready(context, &search_all, std::move(query));
}

awaitable<std::uint64_t> PostgresBackend::count(CallContext context, Query query) {
  return when_ready(context, &count_all, std::move(query));
}

awaitable<std::vector<std::optional<Record>>> PostgresBackend::read_batch(CallContext context,
                                                                          std::vector<std::string> ids) {
  return when_ready(context, &read_many, std::move(ids));
}

awaitable<BatchResult> PostgresBackend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                                    BatchOptions options) {
  const LinkPtr link = link_;
  const auto deadline = context.deadline;
  if (!ready()) co_await ensure_table(link, deadline);
  const Call call(conduit_, context);
  if (options.atomic() && !is_one_statement(call, kind, records, options)) {
    auto transaction = co_await open_transaction(link, "BEGIN", deadline, "write_batch");
    auto result =
        co_await write_atomically(context, std::move(transaction), kind, std::move(records), std::move(options));
    co_return result;
  }
  if (kind == WriteKind::update || kind == WriteKind::patch)
    co_return co_await Backend::write_batch(context, kind, std::move(records), std::move(options));
  co_return co_await write_many(call, kind, std::move(records), std::move(options));
}

awaitable<std::uint64_t> PostgresBackend::remove_where(CallContext context, Query query) {
  return when_ready(context, &remove_all, std::move(query));
}

awaitable<std::uint64_t> PostgresBackend::patch_where(CallContext context, Query query, Json merge_patch) {
  return when_ready(context, &patch_all, std::move(query), std::move(merge_patch));
}

awaitable<std::shared_ptr<BackendTransaction>> PostgresBackend::begin(CallContext context, TransactionOptions options) {
  const LinkPtr link = link_;
  const auto deadline = context.deadline;
  if (!ready()) co_await ensure_table(link, deadline);
  auto transaction = co_await open_transaction(link, begin_statement(options), deadline, "transaction");
  co_return std::make_shared<PostgresBackendTransaction>(std::move(transaction), options.read_only());
}

awaitable<Json> PostgresBackend::explain(CallContext context, Query query) {
  return when_ready(context, &explain_query, std::move(query));
}

awaitable<Health> PostgresBackend::ping(CallContext context) {
  const LinkPtr link = link_;
  const auto conduit = conduit_;
  Health health;
  health.product = "postgresql";
  health.endpoint = link->settings.endpoint;
  const auto begin = Clock::now();
  try {
    std::vector<Statement> statements;
    statements.emplace_back(
        "SELECT current_setting('server_version'), (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
        "backend'), current_setting('max_connections')::int8");
    const auto request = co_await conduit->ask(std::move(statements), false, Sharing::shared, context.deadline);
    const PGresult* const result = request->result();
    health.reachable = true;
    health.version = std::string(field_of(result, 0, 0));
    const auto current = static_cast<std::uint64_t>(read_int64(field_of(result, 0, 1)).value_or(0));
    const auto most = static_cast<std::uint64_t>(read_int64(field_of(result, 0, 2)).value_or(0));
    ServerConnections connections;
    connections.current = current;
    connections.available = most > current ? most - current : 0;
    health.server_connections = connections;
  } catch (const Error& error) {
    if (error.kind() == errc::cancelled || error.kind() == errc::pool_closed) throw;
    health.error = std::string(error.message());
  }
  health.round_trip = Clock::now() - begin;
  co_return health;
}

awaitable<void> PostgresBackend::close(std::chrono::milliseconds drain) {
  const LinkPtr link = link_;
  co_await link->owner->close(drain);
}

PoolStats PostgresBackend::stats() const { return link_->owner->stats(); }

PoolStats PostgresBackend::stats(const boost::asio::any_io_executor& executor) const {
  return link_->owner->stats(PoolRegistry::of(executor));
}

void* PostgresBackend::native(const std::type_info& type) noexcept {
  return type == typeid(PostgresDatabase) ? &native_ : nullptr;
}

std::string PostgresBackend::endpoint() const { return link_->settings.endpoint; }

namespace {

// What tells one pool from another is also what is in these files.
bool names_files(const Config& config) {
  static constexpr std::array options{"ca_certs", "client_cert", "client_key", "crl"};
  return std::any_of(options.begin(), options.end(), [&](const char* option) { return config.has(option); });
}

awaitable<std::shared_ptr<PostgresBackend>> made_off_the_loop(Config config) {
  const auto deadline = Clock::now() + config.get<std::chrono::milliseconds>("connect_timeout");
  const auto made = std::make_shared<std::shared_ptr<PostgresBackend>>();
  std::function<void()> make = [made, config] { *made = std::make_shared<PostgresBackend>(config); };
  Error late(errc::timeout, "the deadline passed while files of certificates were read");
  co_await off_the_loop(std::move(make), deadline, std::move(late));
  co_return std::move(*made);
}

awaitable<std::shared_ptr<Backend>> make_backend(Config config) {
  const bool now = config.get<bool>("connect_on_open") || config.get<unsigned>("min_size") > 0;
  std::shared_ptr<PostgresBackend> backend;
  if (names_files(config)) {
    backend = co_await made_off_the_loop(config);
  } else {
    backend = std::make_shared<PostgresBackend>(config);
  }
  if (now) {
    CallContext context;
    context.deadline = Clock::now() + config.get<std::chrono::milliseconds>("connect_timeout");
    const auto health = co_await backend->ping(context);
    if (!health.reachable) throw Error(errc::connect_failed, health.error);
  }
  co_return backend;
}

}  // namespace

void install() { detail::install_backend("postgres", make_backend); }

}  // namespace weir::postgres
