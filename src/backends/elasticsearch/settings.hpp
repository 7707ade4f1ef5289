#pragma once

#include "backends/elasticsearch/node_list.hpp"

#include <weir/config.hpp>
#include <weir/http.hpp>
#include <weir/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace weir::elasticsearch {

/// The options of a configuration as the backend needs them.
struct Settings {
  std::vector<std::string> origins;  ///< "https://host:port" of each node
  http::ClientOptions http;          ///< for all of them; holds the credentials
  std::string endpoint;              ///< for error texts
  std::string prefix;                ///< before every target: "/gateway", or empty
  std::string index;                 ///< as it is called
  std::set<std::string, std::less<>> text_paths;
  std::string key_field;
  bool may_create = true;
  bool sniff = false;
  Ejection ejection;
  Refresh refresh = Refresh::automatic;
  std::size_t bulk_bytes = 0;
  std::size_t bulk_actions = 0;
  std::size_t bulk_concurrency = 1;
  bool repeats_writes = true;              ///< where the call says nothing else
  std::chrono::milliseconds keep_alive{};  ///< of a stream's snapshot
  std::chrono::milliseconds timeout{};     ///< of an operation; 0: none
};

/// Throws Error invalid_argument naming the option.
Settings read_settings(const Config& config);

}  // namespace weir::elasticsearch
