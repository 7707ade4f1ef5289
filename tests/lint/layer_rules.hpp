#pragma once

#include "lint/source_text.hpp"

#include <string>
#include <vector>

namespace weir::lint {

/// Pure code (what decides, compiles and encodes) gets time, randomness and bytes as arguments. Checks that no pure
/// file includes Asio, Beast, libpq, OpenSSL or SQLite, directly or through a header of ours, and reads no clock.
std::vector<Finding> check_pure_files(const std::vector<SourceFile>& files);

/// Arrows point down only: api, policy, backends, pool, net, core.
std::vector<Finding> check_layers(const std::vector<SourceFile>& files);

/// Beast is compiled in src/net only.
std::vector<Finding> check_beast_stays_in_net(const std::vector<SourceFile>& files);

/// The files that count as pure.
bool is_pure(const SourceFile& file);

}  // namespace weir::lint
