#include "pool/listeners.hpp"

#include <weir/error.hpp>

#include <algorithm>
#include <mutex>
#include <utility>

namespace weir {

PoolListener::~PoolListener() = default;

void add_pool_listener(std::shared_ptr<PoolListener> listener) {
  if (!listener) throw Error(errc::invalid_argument, "add_pool_listener: no listener given");
  detail::Listeners::instance().add(std::move(listener));
}

bool remove_pool_listener(const std::shared_ptr<PoolListener>& listener) noexcept {
  return detail::Listeners::instance().remove(listener);
}

namespace detail {

struct Listeners::Guarded {
  std::mutex mutex;
  std::shared_ptr<const List> list = std::make_shared<const List>();
};

Listeners::Listeners() : guarded_(std::make_unique<Guarded>()) {}

Listeners& Listeners::instance() noexcept {
  static auto* const listeners = new Listeners;
  return *listeners;
}

std::shared_ptr<const Listeners::List> Listeners::snapshot() const {
  const std::lock_guard lock(guarded_->mutex);
  return guarded_->list;
}

void Listeners::add(std::shared_ptr<PoolListener> listener) {
  const std::lock_guard lock(guarded_->mutex);
  auto next = std::make_shared<List>(*guarded_->list);
  next->push_back(std::move(listener));
  count_.store(next->size(), std::memory_order_relaxed);
  guarded_->list = std::move(next);
}

bool Listeners::remove(const std::shared_ptr<PoolListener>& listener) noexcept {
  std::shared_ptr<const List> old;  // let go after the lock: the last owner may run a destructor of the user's
  const std::lock_guard lock(guarded_->mutex);
  const auto found = std::find(guarded_->list->begin(), guarded_->list->end(), listener);
  if (found == guarded_->list->end()) return false;
  auto next = std::make_shared<List>();
  next->reserve(guarded_->list->size() - 1);
  for (const auto& entry : *guarded_->list)
    if (entry != listener) next->push_back(entry);
  count_.store(next->size(), std::memory_order_relaxed);
  old = std::exchange(guarded_->list, std::move(next));
  return true;
}

}  // namespace detail
}  // namespace weir
