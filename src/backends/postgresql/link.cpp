#include "backends/postgresql/link.hpp"

#include "backends/postgresql/mapped.hpp"
#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/wire/copy.hpp"

#include <boost/asio/this_coro.hpp>

#include <vector>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

// Larger values make others wait behind them.
constexpr std::size_t most_shared_bytes = 256 * 1024;

bool is_large(const std::vector<Statement>& statements) {
  std::size_t bytes = 0;
  for (const Statement& statement : statements)
    for (const Parameter& value : statement.values) bytes += value.bytes().size();
  return bytes > most_shared_bytes;
}

awaitable<Lease<Connection>> acquire(Link& link, Link::Role role, Sharing sharing, Clock::time_point deadline,
                                     std::string operation) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto& pool = link.pool(executor, role);
  auto options = AcquireOptions().shared(sharing == Sharing::shared).operation(std::move(operation));
  if (deadline != Clock::time_point::max()) options.deadline(deadline);
  auto lease = co_await pool.acquire(std::move(options));
  if (sharing == Sharing::exclusive) lease->exclusive.store(true, std::memory_order_release);
  co_return lease;
}

// A connection whose oldest statement has run for longer than `stall` gets no new ones while another can be had. The
// ones that are passed over are held until then, so that the pool, which gives the one with the fewest leases, gives
// others.
std::optional<Lease<Connection>> try_acquire_shared(Pool<Connection>& pool, std::chrono::milliseconds stall) {
  auto lease = pool.try_acquire_shared();
  if (!lease || stall.count() == 0 || (*lease)->session->head_age() <= stall) return lease;
  constexpr int patience = 64;
  std::vector<Lease<Connection>> stalled;
  for (int i = 0; i < patience; ++i) {
    auto other = pool.try_acquire_shared();
    if (!other) break;
    if ((*other)->session->head_age() <= stall) return other;
    stalled.push_back(std::move(*other));
  }
  return lease;
}

// The warm way, with no coroutine around it.
std::optional<Lease<Connection>> try_acquire(Pool<Connection>& pool, Sharing sharing, std::chrono::milliseconds stall) {
  if (sharing == Sharing::shared) return try_acquire_shared(pool, stall);
  auto lease = pool.try_acquire();
  if (lease) (*lease)->exclusive.store(true, std::memory_order_release);
  return lease;
}

}  // namespace

Link::Link(const Config& config)
    : settings(config),
      owner(std::make_shared<PoolOwner>()),
      gathered_number(settings.coalesce_reads ? PoolRegistry::new_local_number() : 0),
      number_(PoolRegistry::new_local_number()),
      reads_number_(PoolRegistry::new_local_number()) {}

Pool<Connection>& Link::pool(const asio::any_io_executor& executor, Role role) {
  auto& registry = PoolRegistry::of(executor);
  if (owner->closed()) throw Error(errc::pool_closed, "the database is closed");
  if (role == Role::reads && !settings.connect_reads) role = Role::primary;
  const auto number = role == Role::reads ? reads_number_ : number_;
  if (auto* const known = static_cast<Pool<Connection>*>(registry.local(number))) return *known;
  const auto& connect = role == Role::reads ? settings.connect_reads : settings.connect;
  const auto& key = role == Role::reads ? settings.reads_key : settings.key;
  auto factory = std::make_shared<ConnectionFactory>(connect, std::make_shared<SessionFamily>());
  auto made = registry.get<Connection>(key, std::move(factory), settings.pool, owner);
  return *static_cast<Pool<Connection>*>(registry.set_local(number, std::move(made)));
}

void Link::map(Table table) {
  const std::lock_guard lock(mapping_);
  if (!mapped_) mapped_ = std::make_unique<const Mapped>(std::move(table));
}

awaitable<Lease<Connection>> acquire_exclusive(LinkPtr link, Clock::time_point deadline, std::string operation) {
  auto lease = co_await acquire(*link, Link::Role::primary, Sharing::exclusive, deadline, std::move(operation));
  co_return lease;
}

awaitable<RequestPtr> PoolConduit::ask(std::vector<Statement> statements, bool write, Sharing sharing,
                                       Clock::time_point deadline) {
  return ask_as(link_, write ? Link::Role::primary : reads_, Author::library, std::move(statements), write, false,
                sharing, deadline);
}

namespace {

awaitable<void> copy_apart(LinkPtr link, std::string sql, CopySource source, Clock::time_point deadline) {
  auto lease = co_await acquire_exclusive(link, deadline, "create_batch");
  auto channel = std::make_shared<CopyChannel>(std::move(lease), deadline);
  co_await CopyChannel::put(channel, std::move(sql), std::move(source));
}

}  // namespace

awaitable<void> PoolConduit::copy_in(std::string sql, CopySource source, Clock::time_point deadline) {
  return copy_apart(link_, std::move(sql), std::move(source), deadline);
}

// Whether a SELECT of a user writes nobody knows.
awaitable<RequestPtr> PoolConduit::ask_foreign(std::vector<Statement> statements, Sharing sharing,
                                               Clock::time_point deadline) {
  return ask_as(link_, Link::Role::primary, Author::user, std::move(statements), true, reset_behind_, sharing,
                deadline);
}

awaitable<RequestPtr> PoolConduit::ask_as(LinkPtr link, Link::Role role, Author author,
                                          std::vector<Statement> statements, bool write, bool reset_behind,
                                          Sharing sharing, Clock::time_point deadline) {
  if (sharing == Sharing::shared && is_large(statements)) sharing = Sharing::exclusive;
  // A cancel that was meant for another may hit us; nothing happened then.
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  for (int round = 0;; ++round) {
    auto lease = try_acquire(link->pool(executor, role), sharing, link->settings.stall);
    if (!lease) lease = co_await acquire(*link, role, sharing, deadline, std::string());
    const auto session = (*lease)->session;
    if (author == Author::user && session->family_of().pooler.load(std::memory_order_relaxed) &&
        needs_session(statements[0].sql))
      throw Error(errc::unsupported,
                  first_word(statements[0].sql) + " through a pooler in transaction mode does not last");
    auto request = std::make_shared<Request>();
    request->statements = std::move(statements);
    request->write = write;
    request->foreign = author == Author::user;
    request->reset_behind = reset_behind;
    request->deadline = deadline;
    request->lease = std::move(lease);
    co_await Session::run(session, request);
    if (request->repeat && round < 3) {
      statements = std::move(request->statements);
      continue;
    }
    if (request->repeat) throw Error(errc::unavailable, "the statement was interrupted again and again");
    request->check();
    co_return request;
  }
}

awaitable<void> ensure_table(LinkPtr link, Clock::time_point deadline) {
  const Settings& settings = link->settings;
  PoolConduit conduit(link);
  if (settings.mapped) {
    if (!link->ensured.load(std::memory_order_acquire)) co_await map_columns(link, deadline);
    co_return;
  }
  for (int round = 0; !link->ensured.load(std::memory_order_acquire); ++round) {
    const auto indexes = settings.table.index_names();
    std::vector<Parameter> values;
    values.push_back(Parameter::text(settings.table.quoted()));
    values.push_back(Parameter::text_array(indexes));
    std::vector<Statement> look;
    look.emplace_back(settings.statements.look, std::move(values), false);
    const auto seen = co_await conduit.ask(std::move(look), false, Sharing::shared, deadline);
    const PGresult* const row = seen->result();
    const auto number = [row](int column) {
      const std::string_view bytes(PQgetvalue(row, 0, column), static_cast<std::size_t>(PQgetlength(row, 0, column)));
      return static_cast<std::size_t>(read_int64(bytes).value_or(0));
    };
    const bool there = PQgetvalue(row, 0, 0)[0] != 0;
    if (there && number(1) != 4)
      throw Error(errc::invalid_argument, "option table: " + settings.table.quoted() +
                                              " is there and is no table of records (id text, fields jsonb, metadata "
                                              "jsonb, version bigint)");
    if (!there && !settings.may_create)
      throw Error(errc::not_found, "the table " + settings.table.quoted() + " is not there");
    if (there && number(3) != 0) link->no_copy.store(true, std::memory_order_relaxed);
    if (there && (!settings.may_create || number(2) == indexes.size())) {
      link->ensured.store(true, std::memory_order_release);
      co_return;
    }
    std::vector<Statement> make;
    std::vector<Parameter> key;
    key.push_back(Parameter::integer(settings.table.lock_key()));
    make.emplace_back("SELECT pg_advisory_xact_lock($1)", std::move(key), false);
    for (const std::string& one : settings.table.definition()) make.emplace_back(one, std::vector<Parameter>{}, false);
    try {
      co_await conduit.ask(std::move(make), false, Sharing::exclusive, deadline);
      link->ensured.store(true, std::memory_order_release);
    } catch (const Error& error) {
      // Somebody who does not know the lock made it at the same time.
      const bool raced =
          error.server_code() == "23505" || error.server_code() == "42P07" || error.server_code() == "42710";
      if (!raced || round == 3) throw;
    }
  }
}

}  // namespace weir::postgres
