#include "api/backend_registry.hpp"
#include "api/operation.hpp"
#include "api/transaction_state.hpp"
#include "backends/immediate_backend.hpp"
#include "observability/logger.hpp"
#include "policy/layers.hpp"

#include <weir/database.hpp>
#include <weir/metrics.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <random>

namespace weir {

using detail::DatabaseHandle;
using detail::DatabaseState;
using detail::HandlePointer;
using detail::Operation;

namespace detail {

DatabaseState::DatabaseState(Config database_config, std::shared_ptr<Backend> database_backend)
    : config(std::move(database_config)),
      backend(std::move(database_backend)),
      immediate(backend->immediate() ? dynamic_cast<ImmediateBackend*>(backend.get()) : nullptr),
      inline_reads(inline_reads_of(*backend)),
      name(config.backend()),
      endpoint(backend->endpoint()),
      capabilities(backend->capabilities()) {}

DatabaseHandle::DatabaseHandle(std::shared_ptr<DatabaseState> database, CallOptions options)
    : state(std::move(database)),
      call(std::move(options)),
      timeout(call.timeout() ? *call.timeout() : state->config.get<std::chrono::milliseconds>("timeout")) {}

}  // namespace detail

namespace {

awaitable<void> require_reachable(std::shared_ptr<DatabaseState> state) {
  const auto handle = std::make_shared<const DatabaseHandle>(state, CallOptions{});
  const Operation operation(handle, "open");
  const auto health = co_await state->backend->ping(operation.context());
  if (!health.reachable) throw Error(errc::connect_failed, health.error);
}

/// What is legal and hardly meant is said once, where the database is opened.
void log_warnings(const Config& config) {
  const auto& logger = log::component(config.backend());
  if (!logger.enabled(log::Level::warning)) return;
  for (const auto& warning : config.warnings()) logger.write(log::Level::warning, warning);
}

awaitable<HandlePointer> open_config(Config config) {
  const auto name = config.backend();
  std::shared_ptr<DatabaseState> state;
  try {
    const auto factory = detail::find_backend(name);
    config.validate();
    log_warnings(config);
    if (config.get<bool>("per_loop_metrics")) metrics::set_per_loop(true);
    auto backend = co_await factory(config);
    if (!backend) throw Error(errc::server_error, "the backend's factory gave nothing");
    backend = policy::with_policies(std::move(backend), config);
    state = std::make_shared<DatabaseState>(std::move(config), std::move(backend));
    if (state->config.get<bool>("connect_on_open")) co_await require_reachable(state);
  } catch (...) {
    Operation::rethrow_within(name, "open", state ? state->endpoint : std::string());
  }
  co_return std::make_shared<const DatabaseHandle>(std::move(state), CallOptions{});
}

awaitable<HandlePointer> open_url(std::string url) { co_return co_await open_config(Config::from_url(url)); }

awaitable<HandlePointer> open_json(Json config) { co_return co_await open_config(Config::from_json(config)); }

awaitable<HandlePointer> open_backend(std::string backend, Json options) {
  if (options.is_null()) options = Json::object();
  if (!options.is_object())
    throw Error(errc::invalid_argument, "the options of a database are a JSON object",
                ErrorContext{}.operation("open"));
  if (options.contains("backend") && options["backend"] != backend)
    throw Error(errc::invalid_argument, "the options name another backend", ErrorContext{}.operation("open"));
  options["backend"] = std::move(backend);
  co_return co_await open_json(std::move(options));
}

awaitable<void> close_operation(HandlePointer handle, std::optional<std::chrono::milliseconds> drain) {
  if (!handle) throw Error(errc::invalid_argument, "the database handle is empty", ErrorContext{}.operation("close"));
  auto& state = *handle->state;
  if (state.closed.exchange(true)) co_return;
  try {
    co_await state.backend->close(drain ? *drain : state.config.get<std::chrono::milliseconds>("drain_timeout"));
  } catch (...) {
    Operation::rethrow_within(state.name, "close", state.endpoint);
  }
}

awaitable<Transaction> begin_operation(HandlePointer handle, TransactionOptions options, unsigned attempt) {
  const Operation operation(handle, "begin");
  try {
    if (!operation.capabilities().transactions) throw Error(errc::unsupported, "the store has no transactions");
    WEIR_TAKE_TURNS();
    auto transaction = co_await operation.backend().begin(operation.context(options.timeout()), options);
    auto core = std::make_shared<detail::TransactionCore>(handle, std::move(transaction), std::move(options), attempt);
    co_return Transaction(std::make_shared<detail::TransactionState>(std::move(core), 0));
  } catch (...) {
    operation.rethrow();
  }
}

const DatabaseHandle& checked(const HandlePointer& handle, const char* operation) {
  if (!handle) throw Error(errc::invalid_argument, "the database handle is empty", ErrorContext{}.operation(operation));
  return *handle;
}

/// Full jitter: U(0, 1) of 10 ms doubled by each attempt, at most 1 s.
std::chrono::milliseconds pause_before(unsigned attempt) {
  thread_local std::minstd_rand generator(std::random_device{}());
  const auto ceiling = std::min(10L << std::min(attempt, 10U), 1000L);
  return std::chrono::milliseconds(std::uniform_int_distribution<long>(0, ceiling)(generator));
}

}  // namespace

AsyncDatabase::AsyncDatabase() noexcept = default;
AsyncDatabase::AsyncDatabase(std::shared_ptr<const DatabaseHandle> handle) noexcept : handle_(std::move(handle)) {}
AsyncDatabase::AsyncDatabase(const AsyncDatabase&) noexcept = default;
AsyncDatabase::AsyncDatabase(AsyncDatabase&&) noexcept = default;
AsyncDatabase& AsyncDatabase::operator=(const AsyncDatabase&) noexcept = default;
AsyncDatabase& AsyncDatabase::operator=(AsyncDatabase&&) noexcept = default;
AsyncDatabase::~AsyncDatabase() = default;
AsyncDatabase::operator bool() const noexcept { return handle_ != nullptr; }

awaitable<AsyncDatabase> AsyncDatabase::open(std::string url) {
  co_return AsyncDatabase(co_await open_url(std::move(url)));
}
awaitable<AsyncDatabase> AsyncDatabase::open(const char* url) { return open(std::string(url)); }
awaitable<AsyncDatabase> AsyncDatabase::open(std::string backend, Json options) {
  co_return AsyncDatabase(co_await open_backend(std::move(backend), std::move(options)));
}
awaitable<AsyncDatabase> AsyncDatabase::open(Json config) {
  co_return AsyncDatabase(co_await open_json(std::move(config)));
}
awaitable<AsyncDatabase> AsyncDatabase::open(Config config) {
  co_return AsyncDatabase(co_await open_config(std::move(config)));
}

awaitable<void> AsyncDatabase::close(std::optional<std::chrono::milliseconds> drain) const {
  return close_operation(handle_, drain);
}
awaitable<Transaction> AsyncDatabase::begin(TransactionOptions options) const {
  return begin_operation(handle_, std::move(options), 1);
}

PoolStats AsyncDatabase::stats() const { return checked(handle_, "stats").state->backend->stats(); }
PoolStats AsyncDatabase::stats(const boost::asio::any_io_executor& executor) const {
  return checked(handle_, "stats").state->backend->stats(executor);
}
Capabilities AsyncDatabase::capabilities() const { return checked(handle_, "capabilities").state->capabilities; }
const Config& AsyncDatabase::config() const { return checked(handle_, "config").state->config; }

AsyncDatabase AsyncDatabase::with(CallOptions options) const {
  const auto& handle = checked(handle_, "with");
  if (!options.timeout()) options.timeout(handle.call.timeout());
  if (!options.retry()) options.retry(handle.call.retry());
  if (options.tag().empty()) options.tag(handle.call.tag());
  return AsyncDatabase(std::make_shared<const DatabaseHandle>(handle.state, std::move(options)));
}

void* AsyncDatabase::native_pointer(const std::type_info& type) const {
  const auto& handle = checked(handle_, "native");
  void* native = handle.state->backend->native(type);
  if (native == nullptr)
    throw Error(errc::invalid_argument, "the database has no native object of the requested type",
                ErrorContext{}.backend(handle.state->name).operation("native"));
  return native;
}

namespace detail {

awaitable<Transaction> TransactionRetry::begin(AsyncDatabase database, TransactionOptions options, unsigned attempt) {
  return begin_operation(database.handle_, std::move(options), attempt);
}

awaitable<bool> TransactionRetry::again(std::exception_ptr error, TransactionOptions options, unsigned attempt) {
  const auto failure = Operation::translate(error, {}, {}, {});
  const bool rerun = failure.kind() == errc::serialization_failure || failure.kind() == errc::deadlock;
  if (!rerun || failure.maybe_applied() || attempt >= options.max_attempts()) {
    if (rerun) throw failure.with_attempts(attempt);
    std::rethrow_exception(error);
  }
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, pause_before(attempt));
  co_await timer.async_wait(boost::asio::use_awaitable);
  co_return true;
}

}  // namespace detail
}  // namespace weir
