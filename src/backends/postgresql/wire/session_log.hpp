#pragma once

// What a session tells the program's log.

#include "observability/logger.hpp"

namespace weir::postgres {

inline log::Component& wire_log() {
  static auto& component = log::component("postgres");
  return component;
}

}  // namespace weir::postgres
