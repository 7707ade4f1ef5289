#include "backends/elasticsearch/background.hpp"

#include <weir/registry.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace weir::elasticsearch {

namespace asio = boost::asio;

namespace {

// What the registry of a loop keeps: its end is the loop's end.
struct GateKeeper {
  explicit GateKeeper(asio::any_io_executor executor) : gate(std::make_shared<LoopGate>(std::move(executor))) {}
  GateKeeper(const GateKeeper&) = delete;
  GateKeeper& operator=(const GateKeeper&) = delete;
  ~GateKeeper() { gate->shut(); }
  const std::shared_ptr<LoopGate> gate;
};

}  // namespace

std::shared_ptr<LoopGate> LoopGate::of(const asio::any_io_executor& executor) {
  static const std::size_t number = PoolRegistry::new_local_number();
  auto& registry = PoolRegistry::of(executor);
  void* found = registry.local(number);
  if (found == nullptr) found = registry.set_local(number, std::make_shared<GateKeeper>(executor));
  return static_cast<GateKeeper*>(found)->gate;
}

void LoopGate::post(std::function<void()> call) noexcept {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  try {
    asio::post(executor_, std::move(call));
  } catch (const std::exception&) {
    // No memory: what was to be freed on the server frees itself there in time.
  }
}

void LoopGate::shut() noexcept {
  const std::lock_guard lock(mutex_);
  open_ = false;
}

}  // namespace weir::elasticsearch
