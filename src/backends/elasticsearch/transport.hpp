#pragma once

#include "backends/elasticsearch/node_list.hpp"
#include "backends/elasticsearch/settings.hpp"

#include <weir/awaitable.hpp>
#include <weir/error.hpp>
#include <weir/http.hpp>
#include <weir/pool_stats.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::elasticsearch {

/// One request to whichever node is there.
struct Call {
  Call() = default;
  Call(std::string method_name, std::string target_text)
      : method(std::move(method_name)), target(std::move(target_text)) {}

  std::string method;
  std::string target;  ///< without the prefix
  std::string body;
  bool lines = false;       ///< the body is NDJSON
  bool idempotent = false;  ///< may be sent to another node when the answer was lost
  bool writes = true;       ///< changes something, so that a lost answer is told
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

/// The nodes of a cluster and the way to each.
///
/// *Thread safety*: any thread, any loop.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  explicit Transport(const Settings& settings);

  /// The answer, whatever its status, of the first node that gave one that is not 502, 503 or 504. Another node is
  /// asked when one cannot be reached, and when it broke off what may be sent twice or was not begun. Throws Error of
  /// the last node.
  awaitable<http::Response> send(Call call);
  awaitable<void> close(std::chrono::milliseconds drain);

  PoolStats stats() const;
  PoolStats stats(const boost::asio::any_io_executor& executor) const;

 private:
  struct Chosen {
    std::size_t node = 0;
    std::string address;
    http::Client client;
  };
  Chosen choose(const std::vector<std::string>& avoid);
  void report(const std::string& address, std::optional<NodeFailure> failure);
  bool has_other(const std::vector<std::string>& avoid) const;
  bool sniff_is_due();
  awaitable<void> sniff();
  std::vector<http::Client> clients() const;

  const http::ClientOptions options_;
  const std::string prefix_;
  const bool sniffs_;
  mutable std::mutex mutex_;
  NodeList nodes_;
  std::map<std::string, http::Client, std::less<>> clients_;
  std::chrono::steady_clock::time_point last_sniff_{};
  bool sniff_wanted_ = true;
  bool closed_ = false;
};

/// What a status that is not in the 200s means. `writes`: the request may have changed something.
Error response_error(const http::Response& response, bool writes);

}  // namespace weir::elasticsearch
