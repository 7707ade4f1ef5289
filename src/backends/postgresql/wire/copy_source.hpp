#pragma once

#include <functional>
#include <string>

namespace weir::postgres {

// What is copied in, piece by piece, so that the server works on one while the next is made. Called on the connection's
// executor until it gives an empty piece.
using CopySource = std::function<std::string()>;

}  // namespace weir::postgres
