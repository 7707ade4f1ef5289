#pragma once

#include <weir/log.hpp>

#include <atomic>
#include <string>
#include <string_view>

namespace weir::log {

/// What one part of the library writes with. Looked up once and kept:
///
///     static auto& logger = log::component("pool");
///     if (logger.enabled(log::Level::debug)) logger.write(log::Level::debug, "opened " + endpoint);
class Component {
 public:
  Component(std::string name, Level level) : name_(std::move(name)), level_(level) {}

  bool enabled(Level level) const noexcept { return level >= level_.load(std::memory_order_relaxed); }
  /// Passes the message on whatever the level; never throws.
  void write(Level level, std::string_view text) const noexcept;

  const std::string& name() const noexcept { return name_; }
  Level level() const noexcept { return level_.load(std::memory_order_relaxed); }
  void level(Level level) noexcept { level_.store(level, std::memory_order_relaxed); }

 private:
  const std::string name_;
  std::atomic<Level> level_;
};

/// The component of that name, made when it is not there. The reference stays valid for ever, also during static
/// destruction.
Component& component(std::string_view name);

/// Control characters, and bytes that could be taken for them, as \n, \t, \x1b.
std::string single_line(std::string_view text);

}  // namespace weir::log
