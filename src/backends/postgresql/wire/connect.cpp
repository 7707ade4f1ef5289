// Making a connection without ever blocking the loop: names are resolved by Asio and given to libpq as addresses, and
// each step of libpq's, which may read files, is taken on another thread.

#include "backends/postgresql/wire/connection.hpp"
#include "backends/postgresql/wire/off_the_loop.hpp"
#include "backends/postgresql/wire/wait.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>

namespace weir::postgres {
namespace {

namespace asio = boost::asio;

struct FinishConnection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using ConnectionPtr = std::unique_ptr<PGconn, FinishConnection>;

struct Target {
  ConnectSettings::Host host;
  std::string address;  // empty: a Unix socket
};

awaitable<std::vector<Target>> resolve(asio::any_io_executor executor, ConnectSettings::Host host) {
  std::vector<Target> targets;
  boost::system::error_code failed;
  const auto literal = asio::ip::make_address(host.name, failed);
  if (host.name.starts_with('/')) {
    targets.push_back({host, ""});
  } else if (!failed) {
    targets.push_back({host, literal.to_string()});
  } else {
    asio::ip::tcp::resolver resolver(executor);
    failed.clear();
    const auto found =
        co_await resolver.async_resolve(host.name, host.port, asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::operation_aborted) throw boost::system::system_error(failed);
    if (failed) throw Error(errc::connect_failed, "resolve " + host.name + ": " + failed.message());
    for (const auto& entry : found) targets.push_back({host, entry.endpoint().address().to_string()});
  }
  co_return targets;
}

ConnectionPtr start(const ConnectSettings& settings, const Target& target, const std::string& session_attributes) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  const auto add = [&](const char* name, const std::string& value) {
    names.push_back(name);
    values.push_back(value.c_str());
  };
  for (const auto& [name, value] : settings.keywords) add(name.c_str(), value);
  add("host", target.host.name);
  add("port", target.host.port);
  if (!target.address.empty()) add("hostaddr", target.address);
  add("target_session_attrs", session_attributes);
  names.push_back(nullptr);
  values.push_back(nullptr);
  ConnectionPtr connection(PQconnectStartParams(names.data(), values.data(), 0));
  if (!connection) throw std::bad_alloc();
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  return connection;
}

// Held by the step that runs, too: it may end long after whoever waited for it.
struct Attempt {
  ConnectionPtr connection;
  std::optional<CancelKeyWatch> watch;
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
};

awaitable<std::shared_ptr<Session>> attempt(std::shared_ptr<const ConnectSettings> settings,
                                            std::shared_ptr<SessionFamily> family, Target target,
                                            std::string session_attributes, Clock::time_point deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Error late(errc::connect_failed, "the server did not answer in time");
  const auto made = std::make_shared<Attempt>();
  std::function<void()> begin = [made, settings, target, session_attributes] {
    made->connection = start(*settings, target, session_attributes);
    made->watch.emplace(made->connection.get());
  };
  co_await off_the_loop(std::move(begin), deadline, late);
  auto* const connection = made->connection.get();
  if (PQstatus(connection) == CONNECTION_BAD) throw connect_error(PQerrorMessage(connection));
  while (made->wanted != PGRES_POLLING_OK) {
    const auto what = made->wanted == PGRES_POLLING_READING ? WaitFor::readable : WaitFor::writable;
    co_await wait_for(executor, PQsocket(connection), what, deadline, late);
    std::function<void()> step = [made] { made->wanted = PQconnectPoll(made->connection.get()); };
    co_await off_the_loop(std::move(step), deadline, late);
    if (made->wanted == PGRES_POLLING_FAILED) throw connect_error(PQerrorMessage(connection));
  }
  const auto key = made->watch->take();
  auto session = std::make_shared<Session>(executor, connection, key, family, settings->statement_cache);
  made->connection.release();
  session->open();
  co_return session;
}

// For "prefer-standby": first only standbys, then whatever there is.
std::vector<std::string> rounds(const std::string& wanted) {
  if (wanted == "prefer-standby") return {"standby", "any"};
  return {wanted};
}

}  // namespace

awaitable<std::shared_ptr<Session>> connect_session(std::shared_ptr<const ConnectSettings> settings,
                                                    std::shared_ptr<SessionFamily> family) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto hosts = settings->hosts;
  if (settings->shuffle_hosts) {
    std::random_device device;
    std::shuffle(hosts.begin(), hosts.end(), std::minstd_rand(device()));
  }
  std::optional<Error> first;
  for (const std::string& attributes : rounds(settings->target_session_attrs)) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      std::vector<Target> targets;
      try {
        targets = co_await resolve(executor, hosts[i]);
      } catch (const Error& error) {
        if (!first) first = error;
      }
      for (std::size_t j = 0; j < targets.size(); ++j) {
        // None may use up the time of the others.
        const auto share = settings->connect_timeout / static_cast<int>((hosts.size() - i) * (targets.size() - j));
        try {
          auto session = co_await attempt(settings, family, targets[j], attributes, Clock::now() + share);
          co_return session;
        } catch (const Error& error) {
          // What will not pass by itself counts more than a host that is away.
          if (!first || (first->transient() && !error.transient())) first = error;
        }
      }
    }
  }
  throw *first;
}

awaitable<std::uint64_t> introduce(std::shared_ptr<Session> session, bool server_timeouts, int process) {
  auto request = std::make_shared<Request>();
  // Another process answers than the one that greeted: a pooler hands the session on between transactions.
  std::string sql =
      "SELECT pg_backend_pid() = $1, current_setting('max_connections')::int8, CASE WHEN $2 AND pg_backend_pid() = $1 "
      "THEN "
      "set_config('tcp_keepalives_idle', '60', false) || set_config('tcp_keepalives_interval', '10', false) || "
      "set_config('tcp_keepalives_count', '6', false) || CASE WHEN current_setting('server_version_num')::int >= "
      "140000 "
      "THEN set_config('client_connection_check_interval', '10s', false) ELSE '' END END, (1000 * extract(epoch FROM "
      "current_setting('statement_timeout')::interval))::int8";
  std::string pid;
  append_int32(pid, process);
  std::vector<Parameter> values;
  values.push_back(Parameter::raw(TypeId::int4, pid));
  values.push_back(Parameter::boolean(server_timeouts));
  request->statements.emplace_back(std::move(sql), std::move(values), false);
  co_await Session::run(session, request);
  request->check();
  const PGresult* const result = request->result();
  if (PQgetvalue(result, 0, 0)[0] == 0) session->family_of().pooler.store(true, std::memory_order_relaxed);
  const auto number = [result](int column) {
    return read_int64({PQgetvalue(result, 0, column), static_cast<std::size_t>(PQgetlength(result, 0, column))})
        .value_or(0);
  };
  session->limit_is(std::chrono::milliseconds(number(3)));
  co_return static_cast<std::uint64_t>(number(1));
}

}  // namespace weir::postgres
