#pragma once

#include <cstdint>

namespace weir {

/// What becomes of a connection that is given back.
enum class ReturnAs : std::uint8_t {
  ready,  ///< as good as new
  reset,  ///< the lease changed the session: `ConnectionFactory::reset` before the next one
  close   ///< broken, or in a state nobody knows
};

}  // namespace weir
