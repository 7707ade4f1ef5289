#include "policy/policy_backend.hpp"

#include "observability/settings.hpp"
#include "policy/attempt.hpp"
#include "policy/layers.hpp"

#include <map>
#include <mutex>

namespace weir::policy {

using metrics::Operation;

// None of these is a coroutine: each makes one that owns the state and its arguments, or where there is nothing to do
// gives the backend's; and the function objects are named, never temporaries in a co_await expression.

awaitable<std::optional<Record>> PolicyBackend::read(CallContext context, std::string id) {
  if (state_->idle()) return state_->backend->read(std::move(context), std::move(id));
  auto call = [backend = state_->backend, id = std::move(id)](CallContext c) {
    return backend->read(std::move(c), id);
  };
  return repeated<std::optional<Record>>(state_, Operation::read, std::move(context), Effect::read, std::move(call));
}

awaitable<bool> PolicyBackend::exists(CallContext context, std::string id) {
  if (state_->idle()) return state_->backend->exists(std::move(context), std::move(id));
  auto call = [backend = state_->backend, id = std::move(id)](CallContext c) {
    return backend->exists(std::move(c), id);
  };
  return repeated<bool>(state_, Operation::exists, std::move(context), Effect::read, std::move(call));
}

awaitable<std::vector<Record>> PolicyBackend::search(CallContext context, Query query) {
  if (state_->idle()) return state_->backend->search(std::move(context), std::move(query));
  auto call = [backend = state_->backend, query = std::move(query)](CallContext c) {
    return backend->search(std::move(c), query);
  };
  return repeated<std::vector<Record>>(state_, Operation::search, std::move(context), Effect::read, std::move(call));
}

awaitable<std::uint64_t> PolicyBackend::count(CallContext context, Query query) {
  if (state_->idle()) return state_->backend->count(std::move(context), std::move(query));
  auto call = [backend = state_->backend, query = std::move(query)](CallContext c) {
    return backend->count(std::move(c), query);
  };
  return repeated<std::uint64_t>(state_, Operation::count, std::move(context), Effect::read, std::move(call));
}

awaitable<std::vector<std::optional<Record>>> PolicyBackend::read_batch(CallContext context,
                                                                        std::vector<std::string> ids) {
  if (state_->idle()) return state_->backend->read_batch(std::move(context), std::move(ids));
  auto call = [backend = state_->backend, ids = std::move(ids)](CallContext c) {
    return backend->read_batch(std::move(c), ids);
  };
  return repeated<std::vector<std::optional<Record>>>(state_, Operation::batch_read, std::move(context), Effect::read,
                                                      std::move(call));
}

awaitable<Json> PolicyBackend::explain(CallContext context, Query query) {
  auto call = [backend = state_->backend, query = std::move(query)](CallContext c) {
    return backend->explain(std::move(c), query);
  };
  return repeated<Json>(state_, Operation::explain, std::move(context), Effect::read, std::move(call));
}

awaitable<Health> PolicyBackend::ping(CallContext context) {
  context.retry = RetryOptions().max_attempts(1);
  auto call = [backend = state_->backend](CallContext c) { return backend->ping(std::move(c)); };
  return repeated<Health>(state_, Operation::ping, std::move(context), Effect::read, std::move(call));
}

// The number that these give would be wrong if part of the work had been done by an attempt that failed.
awaitable<std::uint64_t> PolicyBackend::remove_where(CallContext context, Query query) {
  context.retry = RetryOptions().max_attempts(1);
  auto call = [backend = state_->backend, query = std::move(query)](CallContext c) {
    return backend->remove_where(std::move(c), query);
  };
  return repeated<std::uint64_t>(state_, Operation::remove_where, std::move(context), Effect::other_write,
                                 std::move(call));
}

awaitable<std::uint64_t> PolicyBackend::patch_where(CallContext context, Query query, Json merge_patch) {
  context.retry = RetryOptions().max_attempts(1);
  auto call = [backend = state_->backend, query = std::move(query), patch = std::move(merge_patch)](CallContext c) {
    return backend->patch_where(std::move(c), query, patch);
  };
  return repeated<std::uint64_t>(state_, Operation::patch_where, std::move(context), Effect::other_write,
                                 std::move(call));
}

awaitable<bool> PolicyBackend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  if (state_->idle()) return state_->backend->write(std::move(context), kind, std::move(record), std::move(options));
  return write_record(state_, std::move(context), kind, std::move(record), std::move(options));
}

awaitable<BatchResult> PolicyBackend::write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                                  BatchOptions options) {
  if (state_->idle())
    return state_->backend->write_batch(std::move(context), kind, std::move(records), std::move(options));
  return write_records(state_, std::move(context), kind, std::move(records), std::move(options));
}

RecordStream PolicyBackend::scan(CallContext context, Query query, StreamOptions options) {
  if (state_->idle() && (state_->capabilities.partitions || options.partition().count() <= 1))
    return state_->backend->scan(std::move(context), std::move(query), std::move(options));
  return repeated_stream(state_, std::move(context), std::move(query), std::move(options));
}

awaitable<std::shared_ptr<BackendTransaction>> PolicyBackend::begin(CallContext context, TransactionOptions options) {
  auto call = [state = state_,
               options = std::move(options)](CallContext c) -> awaitable<std::shared_ptr<BackendTransaction>> {
    return state->backend->begin(std::move(c), options);
  };
  // Nothing is in it yet: made again, it is another empty one.
  auto begun = repeated<std::shared_ptr<BackendTransaction>>(state_, Operation::begin, std::move(context), Effect::read,
                                                             std::move(call));
  if (state_->enforces_deadline) return begun;
  struct Wrap {
    static awaitable<std::shared_ptr<BackendTransaction>> wrap(StatePointer state,
                                                               awaitable<std::shared_ptr<BackendTransaction>> inner) {
      auto transaction = co_await std::move(inner);
      co_return limited_transaction(std::move(state), std::move(transaction));
    }
  };
  return Wrap::wrap(state_, std::move(begun));
}

bool PolicyBackend::try_read_now(const std::string& id, std::optional<Record>& found) {
  return inline_reads_ != nullptr && state_->idle() && inline_reads_->try_read_now(id, found);
}

namespace {

PoolStats with_retries(PoolStats stats, const PolicyState& state) {
  stats.retries += state.retries.load(std::memory_order_relaxed);
  stats.budget = static_cast<double>(state.budget->tokens());
  return stats;
}

/// One for all databases of one key, as long as one of them is there.
template <class T, class... Arguments>
std::shared_ptr<T> shared_by(const std::string& key, Arguments... arguments) {
  static auto* const mutex = new std::mutex;  // outlives every thread that may still open a database
  static auto* const all = new std::map<std::string, std::weak_ptr<T>>;
  const std::lock_guard lock(*mutex);
  std::erase_if(*all, [](const auto& entry) { return entry.second.expired(); });
  if (auto known = (*all)[key].lock()) return known;
  auto made = std::make_shared<T>(arguments...);
  (*all)[key] = made;
  return made;
}

std::shared_ptr<RetryBudget> shared_budget(const Config& config, const std::string& identity) {
  const auto capacity = static_cast<std::int64_t>(config.get<unsigned>("retry.budget"));
  return shared_by<RetryBudget>(identity + " " + std::to_string(capacity), capacity);
}

std::shared_ptr<AdaptiveRate> shared_rate(const Config& config, const std::string& identity, const Clock& clock) {
  if (config.get<std::string>("throttle") != "adaptive") return nullptr;
  return shared_by<AdaptiveRate>(identity, clock.now());
}

std::shared_ptr<SharedBreaker> shared_breaker(const Config& config, const std::string& identity) {
  using std::chrono::milliseconds;
  const auto failures = config.get<unsigned>("breaker.failures");
  if (failures == 0) return nullptr;
  const auto base = config.get<milliseconds>("breaker.base");
  const auto max = config.get<milliseconds>("breaker.max");
  const auto key = identity + " " + std::to_string(failures) + " " + std::to_string(base.count()) + " " +
                   std::to_string(max.count());
  return shared_by<SharedBreaker>(key, BreakerOptions().failures(failures).base(base).max(max));
}

std::string text_option(const Config& config, std::initializer_list<const char*> names) {
  const auto given = config.to_json();  // without secrets
  for (const auto* name : names)
    if (given.contains(name) && given.at(name).is_string()) return given.at(name).get<std::string>();
  for (const auto& row : option_rows(config.backend()))
    for (const auto* name : names)
      if (row.name() == name && !row.secret() && !row.default_value().starts_with('=')) return row.default_value();
  return {};
}

metrics::DatabaseLabels labels_of(const Config& config, const std::string& endpoint) {
  metrics::DatabaseLabels labels;
  labels.system = metrics::system_name(config.backend());
  labels.name_space = text_option(config, {"database", "path", "bucket"});
  labels.collection = text_option(config, {"table", "index", "collection", "prefix"});
  if (endpoint != labels.name_space) metrics::set_server(labels, endpoint);
  return labels;
}

RetryOptions retry_options(const Config& config) {
  using std::chrono::milliseconds;
  return RetryOptions()
      .max_attempts(config.get<unsigned>("retry.max_attempts"))
      .base(config.get<milliseconds>("retry.base"))
      .throttle_base(config.get<milliseconds>("retry.throttle_base"))
      .max(config.get<milliseconds>("retry.max"))
      .reads(config.get<bool>("retry_reads"))
      .writes(config.get<bool>("retry_writes"));
}

}  // namespace

PoolStats PolicyBackend::stats() const { return with_retries(state_->backend->stats(), *state_); }
PoolStats PolicyBackend::stats(const boost::asio::any_io_executor& executor) const {
  return with_retries(state_->backend->stats(executor), *state_);
}

std::shared_ptr<Backend> with_policies(std::shared_ptr<Backend> backend, const Config& config, Clock& clock) {
  if (backend->immediate() && !metrics::enabled()) return backend;
  auto state = std::make_shared<PolicyState>();
  state->name = config.backend();
  state->capabilities = backend->capabilities();
  state->enforces_deadline = backend->enforces_deadline() || backend->immediate();
  state->repeats = !backend->repeats_itself() && !backend->immediate();
  state->retry = retry_options(config);
  const auto identity = config.identity();  // reads what certificates it names
  state->budget = shared_budget(config, identity);
  state->rate = shared_rate(config, identity, clock);
  state->breaker = shared_breaker(config, identity);
  state->metrics = metrics::DatabaseMetrics::of(labels_of(config, backend->endpoint()));
  state->metrics->budget([weak = std::weak_ptr(state->budget)]() -> std::optional<double> {
    const auto budget = weak.lock();
    if (!budget) return std::nullopt;
    return static_cast<double>(budget->tokens());
  });
  state->clock = &clock;
  state->backend = std::move(backend);
  return std::make_shared<PolicyBackend>(std::move(state));
}

}  // namespace weir::policy
