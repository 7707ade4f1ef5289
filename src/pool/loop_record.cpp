#include "pool/loop_record.hpp"

#include "pool/latch.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>

namespace weir::detail {
namespace {

namespace asio = boost::asio;

// A context shuts its services down in the opposite order of their making. These are made first, so that they are still
// there when the pools let go of their sockets and timers. Through the executor: a cast of the context would be wrong
// for a thread_pool.
void touch_services(const asio::any_io_executor& executor) {
  const asio::ip::tcp::socket tcp(executor);
  const asio::ip::tcp::resolver resolver(executor);
  const asio::ip::udp::socket udp(executor);
  const asio::local::stream_protocol::socket local(executor);
  const asio::posix::stream_descriptor descriptor(executor);
  const asio::steady_timer timer(executor);
  const auto strand = asio::make_strand(executor);
}

}  // namespace

/// What components keep for the loop, by their numbers.
struct LoopRecord::Locals {
  std::vector<std::shared_ptr<void>> values;
};

LoopRecord::LoopRecord(const asio::any_io_executor& executor)
    : loop_(executor), fork_generation_(Process::fork_generation()), single_(loop_.hinted_single()) {
  touch_services(loop_.executor());
  auto& process = Process::instance();  // under its mutex: PoolRegistry::of holds it
  number_ = process.next_loop_number();
  process.loops().push_back(this);
}

LoopRecord::~LoopRecord() = default;

void LoopRecord::add(std::shared_ptr<PoolDriver> driver) { drivers_.push_back(std::move(driver)); }

void LoopRecord::evict(const PoolDriver& driver) {
  std::shared_ptr<void> pool;  // let go after the lock
  const std::lock_guard lock(mutex_);
  pool = take_out(driver);
}

std::shared_ptr<void> LoopRecord::take_out(const PoolDriver& driver) {
  for (auto entry = pools_.begin(); entry != pools_.end(); ++entry) {
    if (entry->second.driver.get() != &driver) continue;
    auto pool = std::move(entry->second.pool);
    pools_.erase(entry);  // the driver itself stays among `drivers_` until it is closed
    return pool;
  }
  return nullptr;
}

void LoopRecord::forget(const PoolDriver& driver) {
  std::shared_ptr<PoolDriver> gone;
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(drivers_.begin(), drivers_.end(), [&](const auto& other) { return other.get() == &driver; });
  if (found == drivers_.end()) return;
  gone = std::move(*found);
  drivers_.erase(found);
}

std::vector<std::shared_ptr<PoolDriver>> LoopRecord::drivers() const {
  const std::lock_guard lock(mutex_);
  return drivers_;
}

void* LoopRecord::local(std::size_t number) const noexcept {
  const auto* const table = locals_.load(std::memory_order_acquire);
  return table != nullptr && number < table->values.size() ? table->values[number].get() : nullptr;
}

// Readers take no lock: a table is never changed but replaced, and the old ones stay until the loop ends.
void* LoopRecord::set_local(std::size_t number, std::shared_ptr<void> value) {
  const std::lock_guard lock(mutex_);
  if (auto* const there = local(number)) return there;
  if (ended_) throw Error(errc::pool_closed, "the loop has ended");
  auto table = std::make_unique<Locals>();
  if (const auto* const old = locals_.load(std::memory_order_relaxed)) table->values = old->values;
  if (table->values.size() <= number) table->values.resize(number + 1);
  auto* const result = value.get();
  table->values[number] = std::move(value);
  locals_.store(table.get(), std::memory_order_release);
  tables_.push_back(std::move(table));
  return result;
}

void LoopRecord::add_latch(const std::shared_ptr<Latch>& latch) {
  const std::lock_guard lock(mutex_);
  std::erase_if(latches_, [](const auto& other) { return other.expired(); });
  latches_.push_back(latch);
}

void LoopRecord::shutdown() noexcept {
  std::map<Key, Entry> pools;
  std::vector<std::unique_ptr<Locals>> tables;
  {
    auto& process = Process::instance();
    const std::lock_guard everybody(process.mutex());
    const std::lock_guard lock(mutex_);
    ended_ = true;
    std::erase(process.loops(), this);
    for (const auto& driver : drivers_) driver->mark_ended();
    for (const auto& latch : latches_)
      if (const auto waiting = latch.lock()) waiting->loop_ended();
    pools.swap(pools_);
    tables.swap(tables_);
    locals_.store(nullptr, std::memory_order_relaxed);
    Process::next_epoch();
  }
  // What is destroyed from here on may call whatever it likes: it meets a loop that is gone.
  for (const auto& driver : drivers_) driver->loop_ended();
}

void LoopRecord::destroyed() noexcept {
  Process::next_epoch();  // what was destroyed with the loop may have remembered it once more
  const auto drivers = std::move(drivers_);
  for (const auto& driver : drivers) driver->loop_destroyed();
}

void LoopRecord::forked_child() noexcept {
  for (const auto& driver : drivers_) driver->forked_child();
}

}  // namespace weir::detail
