#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Which node gets the next request. Pure.
namespace weir::elasticsearch {

/// When a node is left alone, and for how long.
struct Ejection {
  Ejection() = default;
  unsigned after = 1;  ///< errors in a row; one connect that failed is enough
  std::chrono::milliseconds base{1'000};
  std::chrono::milliseconds most{30'000};
};

/// What happened to a request.
enum class NodeFailure : bool { error, no_connection };

/// The nodes of a cluster in turn. One that fails is left alone, each time twice as long as the time before, shortened
/// by up to half at random so that programs do not come back together. When all are left alone, the one that would be
/// back first is used: a store is never given up altogether.
///
/// *Thread safety*: none.
class NodeList {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// @param addresses at least one
  explicit NodeList(std::vector<std::string> addresses, std::size_t first = 0, Ejection ejection = {});

  /// The next in turn; never one of `avoid` while there is another one.
  std::size_t choose(TimePoint now, const std::vector<std::size_t>& avoid = {});
  void succeeded(std::size_t node);
  /// @param random from 0 to 1
  void failed(std::size_t node, TimePoint now, double random, NodeFailure how = NodeFailure::no_connection);
  bool is_alive(std::size_t node, TimePoint now) const { return nodes_[node].until <= now; }

  std::size_t size() const noexcept { return nodes_.size(); }
  const std::string& address(std::size_t node) const { return nodes_[node].address; }
  /// Other nodes, after a look at the cluster. What is known of those that stay is kept.
  void replace(const std::vector<std::string>& addresses);

 private:
  struct Node {
    std::string address;
    unsigned errors = 0;     ///< in a row, since it was last left alone
    unsigned ejections = 0;  ///< in a row
    TimePoint until{};
  };
  const Ejection ejection_;
  std::vector<Node> nodes_;
  std::size_t next_;
};

/// The addresses of the nodes that take requests, from the answer to `GET /_nodes/_all/http`: "host:port", by name
/// where a node publishes one. Nodes that only manage the cluster are left out. Empty: it was no such answer.
std::vector<std::string> read_nodes(std::string_view answer);

}  // namespace weir::elasticsearch
