#include "observability/logger.hpp"

#include <weir/error.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weir::log {
namespace {

constexpr std::array<std::string_view, 6> level_names{"trace", "debug", "info", "warning", "error", "off"};
constexpr std::string_view everything = "*";

Level parse_level(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<Level>(i);
  throw Error(errc::invalid_argument,
              "log level \"" + std::string(name) + "\": one of trace, debug, info, warning, error, off is expected");
}

spdlog::level::level_enum spdlog_level(Level level) {
  constexpr std::array levels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                              spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  return levels[static_cast<std::size_t>(level)];
}

Sink default_sink() {
  // A logger of our own, in no registry: it shares neither name nor lifetime with those of the program.
  auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::warn);
  return [logger](const Message& message) {
    logger->log(message.time, spdlog::source_loc{}, spdlog_level(message.level),
                "[" + std::string(message.component) + "] " + std::string(message.text));
  };
}

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Component>, std::less<>> components;
  std::map<std::string, Level, std::less<>> wanted;  // also for components that are not there yet
  Level general = Level::warning;
  std::shared_ptr<const Sink> sink;

  static Registry& instance() {
    static auto* const registry = new Registry;  // outlives every thread that may still write
    return *registry;
  }

  Component& find(std::string_view name) {
    const std::lock_guard lock(mutex);
    auto found = components.find(name);
    if (found == components.end()) {
      const auto level = wanted.find(name);
      auto made = std::make_unique<Component>(std::string(name), level == wanted.end() ? general : level->second);
      found = components.emplace(std::string(name), std::move(made)).first;
    }
    return *found->second;
  }

  /// The last word counts: "*" forgets what was said about single components before.
  void apply(std::string_view name, Level level) {
    if (name == everything) {
      general = level;
      wanted.clear();
      for (auto& entry : components) entry.second->level(level);
      return;
    }
    wanted.insert_or_assign(std::string(name), level);
    const auto found = components.find(name);
    if (found != components.end()) found->second->level(level);
  }

  std::shared_ptr<const Sink> current_sink() {
    const std::lock_guard lock(mutex);
    if (!sink) sink = std::make_shared<const Sink>(default_sink());
    return sink;
  }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view to_string(Level level) noexcept { return level_names[static_cast<std::size_t>(level)]; }

std::string single_line(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  return out;
}

void Component::write(Level level, std::string_view text) const noexcept {
  try {
    const auto line = single_line(text);
    Message message;
    message.level = level;
    message.component = name_;
    message.text = line;
    message.time = std::chrono::system_clock::now();
    const auto sink = Registry::instance().current_sink();
    (*sink)(message);
  } catch (...) {  // a log that fails must not make the operation fail that it reports on
  }
}

Component& component(std::string_view name) { return Registry::instance().find(name); }

void set_level(std::string_view name, Level level) {
  auto& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  registry.apply(name, level);
}

void set_level(std::string_view name, std::string_view level) { set_level(name, parse_level(level)); }

void set_levels(std::string_view levels) {
  std::vector<std::pair<std::string_view, Level>> parsed;
  while (!levels.empty()) {
    const auto comma = levels.find(',');
    const auto entry = trimmed(levels.substr(0, comma));
    levels = comma == std::string_view::npos ? std::string_view() : levels.substr(comma + 1);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos || trimmed(entry.substr(0, equals)).empty())
      throw Error(errc::invalid_argument, "log levels: \"" + std::string(entry) + "\" is not component=level");
    parsed.emplace_back(trimmed(entry.substr(0, equals)), parse_level(trimmed(entry.substr(equals + 1))));
  }
  auto& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  for (const auto& [name, level] : parsed) registry.apply(name, level);
}

Level level(std::string_view name) {
  auto& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  const auto wanted = registry.wanted.find(name);
  return wanted == registry.wanted.end() ? registry.general : wanted->second;
}

std::vector<std::string> components() {
  auto& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  std::vector<std::string> names;
  for (const auto& entry : registry.components) names.push_back(entry.first);
  return names;
}

void set_sink(Sink sink) {
  auto next = sink ? std::make_shared<const Sink>(std::move(sink)) : nullptr;
  auto& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  std::swap(registry.sink, next);  // the former is let go after the lock: it is the user's
}

}  // namespace weir::log
