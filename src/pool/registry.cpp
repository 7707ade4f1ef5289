#include "pool/closing.hpp"
#include "pool/load_warnings.hpp"
#include "pool/loop_record.hpp"
#include "pool/owner.hpp"

#include <weir/registry.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <atomic>

namespace weir {

namespace asio = boost::asio;
using detail::LoopRecord;
using detail::PoolDriver;
using detail::Process;

asio::execution_context::id PoolRegistry::id;

namespace {

// The loop this thread asked for last. A stale entry is told by the epoch, which every end of a loop bumps.
struct Remembered {
  const asio::execution_context* context = nullptr;
  PoolRegistry* registry = nullptr;
  std::uint64_t epoch = 0;
};
constinit thread_local Remembered remembered;

Error after_fork() { return {errc::unavailable, "used after fork; open a new one"}; }

}  // namespace

namespace detail {

LoopRecord& LoopRecord::of(PoolRegistry& registry) noexcept { return *registry.record_; }
const LoopRecord& LoopRecord::of(const PoolRegistry& registry) noexcept { return *registry.record_; }

}  // namespace detail

PoolRegistry& PoolRegistry::of(const asio::any_io_executor& executor) {
  detail::check_has_loop(executor);
  auto& context = asio::query(executor, asio::execution::context);
  const auto epoch = Process::epoch();
  if (remembered.context == &context && remembered.epoch == epoch) return *remembered.registry;
  PoolRegistry* registry = nullptr;
  {
    // Exactly one for each context, whoever comes first.
    const std::lock_guard lock(Process::instance().mutex());
    if (asio::has_service<PoolRegistry>(context))
      registry = &asio::use_service<PoolRegistry>(context);
    else
      registry = &asio::make_service<PoolRegistry>(context, executor);
  }
  if (!registry->record_->usable()) throw after_fork();
  remembered = {&context, registry, epoch};
  return *registry;
}

awaitable<PoolRegistry*> PoolRegistry::current() {
  const auto executor = co_await asio::this_coro::executor;
  co_return &of(executor);
}

PoolRegistry::PoolRegistry(asio::execution_context& context) : service(context) {
  throw Error(errc::unsupported, "a PoolRegistry is found by PoolRegistry::of");
}

PoolRegistry::PoolRegistry(asio::execution_context& context, const asio::any_io_executor& executor)
    : service(context), record_(std::make_unique<LoopRecord>(executor)) {}

PoolRegistry::~PoolRegistry() {
  if (record_) record_->destroyed();
}

void PoolRegistry::shutdown() {
  if (record_) record_->shutdown();
}

void PoolRegistry::notify_fork(asio::execution_context::fork_event event) {
  if (event == asio::execution_context::fork_child) record_->forked_child();
}

PoolRegistry::ErasedPool PoolRegistry::get_erased(std::type_index type, const PoolKey& pool_key, const void* factory,
                                                  MakeFactory make_factory, const PoolOptions& options,
                                                  MakePool make_pool, const std::shared_ptr<PoolOwner>& owner) {
  if (!record_->usable()) throw after_fork();
  std::shared_ptr<PoolDriver> made;  // announced after the lock: a listener may use the registry
  auto pool = [&] {
    const std::lock_guard lock(record_->mutex());
    return find_or_make(type, pool_key, factory, make_factory, options, make_pool, owner, made);
  }();
  if (made) detail::announce_new_pool(*made);
  return pool;
}

// Under the mutex of the record.
PoolRegistry::ErasedPool PoolRegistry::find_or_make(std::type_index type, const PoolKey& pool_key, const void* factory,
                                                    MakeFactory make_factory, const PoolOptions& options,
                                                    MakePool make_pool, const std::shared_ptr<PoolOwner>& owner,
                                                    std::shared_ptr<PoolDriver>& made) {
  // A destructor in a coroutine that goes with its loop would leave a pool behind.
  if (record_->ended())
    throw Error(errc::pool_closed, "the loop has ended", ErrorContext{}.backend(pool_key.backend()));
  const LoopRecord::Key key_and_type{pool_key, type};
  auto found = record_->pools().find(key_and_type);
  if (found == record_->pools().end()) {
    options.validate();
    auto erased = make_factory(factory);
    if (!erased)
      throw Error(errc::invalid_argument, "a pool needs a factory", ErrorContext{}.backend(pool_key.backend()));
    auto driver = std::make_shared<PoolDriver>(*record_, pool_key, options, std::move(erased));
    if (owner) owner->impl_->join(*driver);  // refused here, nothing is left of it
    driver->open();
    auto pool = make_pool(driver);
    record_->add(driver);
    made = driver;
    found = record_->pools().emplace(key_and_type, LoopRecord::Entry{std::move(driver), std::move(pool)}).first;
  } else if (found->second.driver->options() != options) {
    throw Error(errc::invalid_argument,
                "the pool " + pool_key.to_string() + " has other options: it was made with " +
                    found->second.driver->options().to_string() + ", asked for were " + options.to_string(),
                ErrorContext{}.backend(pool_key.backend()));
  }
  if (owner) owner->impl_->join(*found->second.driver);
  return found->second.pool;
}

awaitable<bool> PoolRegistry::remove(const PoolKey& pool_key) {
  std::vector<std::shared_ptr<PoolDriver>> drivers;
  {
    const std::lock_guard lock(record_->mutex());
    for (const auto& [key_and_type, entry] : record_->pools())
      if (key_and_type.first == pool_key) drivers.push_back(entry.driver);
  }
  return detail::close_and_tell(std::move(drivers));
}

std::size_t PoolRegistry::count() const {
  const std::lock_guard lock(record_->mutex());
  return record_->pools().size();
}

void PoolRegistry::single_threaded() { record_->set_single(); }
bool PoolRegistry::is_single_threaded() const noexcept { return record_->single(); }
std::uint64_t PoolRegistry::loop() const noexcept { return record_->number(); }

std::vector<PoolInfo> PoolRegistry::snapshot() {
  std::vector<std::pair<std::shared_ptr<PoolDriver>, std::uint64_t>> drivers;
  {
    auto& process = Process::instance();
    const std::lock_guard lock(process.mutex());
    for (const auto* const loop : process.loops()) {
      if (!loop->usable()) continue;
      const std::lock_guard inner(loop->mutex());
      for (const auto& [key_and_type, entry] : loop->pools()) drivers.emplace_back(entry.driver, loop->number());
    }
  }
  std::vector<PoolInfo> out;
  out.reserve(drivers.size());
  for (const auto& [driver, loop] : drivers) {
    PoolInfo info;
    info.key = driver->pool_key().to_string();
    info.digest = driver->pool_key().digest();
    info.loop = loop;
    info.created = driver->created();
    info.stats = driver->stats();
    out.push_back(std::move(info));
  }
  return out;
}

awaitable<void> PoolRegistry::close_all(std::optional<std::chrono::milliseconds> drain) {
  std::vector<std::shared_ptr<PoolDriver>> drivers;
  {
    auto& process = Process::instance();
    const std::lock_guard lock(process.mutex());
    for (const auto* const loop : process.loops()) {
      if (!loop->usable()) continue;
      for (auto& driver : loop->drivers()) drivers.push_back(std::move(driver));
    }
  }
  return detail::close_drivers(std::move(drivers), drain);
}

std::size_t PoolRegistry::new_local_number() {
  static constinit std::atomic<std::size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void* PoolRegistry::local(std::size_t number) const noexcept { return record_->local(number); }
void* PoolRegistry::set_local(std::size_t number, std::shared_ptr<void> value) {
  return record_->set_local(number, std::move(value));
}

}  // namespace weir
