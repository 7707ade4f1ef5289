#include "backends/elasticsearch/node_list.hpp"

#include <weir/record.hpp>

#include <algorithm>
#include <cstdint>

namespace weir::elasticsearch {
namespace {

using std::chrono::milliseconds;
constexpr unsigned most_doublings = 20;

}  // namespace

NodeList::NodeList(std::vector<std::string> addresses, std::size_t first, Ejection ejection)
    : ejection_(ejection), next_(first) {
  for (auto& address : addresses) {
    Node node;
    node.address = std::move(address);
    nodes_.push_back(std::move(node));
  }
}

std::size_t NodeList::choose(TimePoint now, const std::vector<std::size_t>& avoid) {
  std::size_t soonest = nodes_.size();
  std::size_t soonest_other = nodes_.size();
  const auto sooner = [&](std::size_t node, std::size_t than) {
    return than == nodes_.size() || nodes_[node].until < nodes_[than].until;
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto node = (next_ + i) % nodes_.size();
    const bool other = std::ranges::find(avoid, node) == avoid.end();
    if (other && is_alive(node, now)) {
      next_ = node + 1;
      return node;
    }
    if (sooner(node, soonest)) soonest = node;
    if (other && sooner(node, soonest_other)) soonest_other = node;
  }
  const auto chosen = soonest_other != nodes_.size() ? soonest_other : soonest;
  next_ = chosen + 1;
  return chosen;
}

void NodeList::succeeded(std::size_t node) {
  nodes_[node].errors = nodes_[node].ejections = 0;
  nodes_[node].until = TimePoint{};
}

void NodeList::failed(std::size_t node, TimePoint now, double random, NodeFailure how) {
  auto& one = nodes_[node];
  if (!is_alive(node, now)) return;  // of the requests that were under way together, one counts
  ++one.errors;
  if (one.errors < ejection_.after && how == NodeFailure::error) return;
  one.errors = 0;
  const auto doubled = ejection_.base * (std::int64_t{1} << std::min(one.ejections, most_doublings));
  ++one.ejections;
  const auto pause = std::min<milliseconds>(doubled, std::max(ejection_.base, ejection_.most));
  one.until = now + pause - std::chrono::duration_cast<milliseconds>(pause * (random / 2));
}

void NodeList::replace(const std::vector<std::string>& addresses) {
  std::vector<Node> nodes;
  for (const auto& address : addresses) {
    const auto known = std::ranges::find(nodes_, address, &Node::address);
    Node node;
    if (known != nodes_.end())
      node = *known;
    else
      node.address = address;
    nodes.push_back(std::move(node));
  }
  if (!nodes.empty()) nodes_ = std::move(nodes);
}

std::vector<std::string> read_nodes(std::string_view answer) {
  std::vector<std::string> out;
  const auto json = Json::parse(answer, nullptr, false);
  const auto nodes = json.is_object() ? json.find("nodes") : json.end();
  if (!json.is_object() || nodes == json.end() || !nodes->is_object()) return out;
  for (const auto& [name, node] : nodes->items()) {
    if (!node.is_object()) continue;
    const auto roles = node.find("roles");
    if (roles != node.end() && roles->is_array() && roles->size() == 1 &&
        (roles->front() == "master" || roles->front() == "cluster_manager"))
      continue;
    const auto http = node.find("http");
    if (http == node.end() || !http->is_object()) continue;
    const auto published = http->find("publish_address");
    if (published == http->end() || !published->is_string()) continue;
    auto address = published->get<std::string>();  // "127.0.0.1:9200", "es1.example/10.0.0.1:9200"
    const auto slash = address.find('/');
    if (slash != std::string::npos) {
      const auto colon = address.rfind(':');
      if (colon == std::string::npos || colon < slash) continue;
      address = address.substr(0, slash) + address.substr(colon);
    }
    out.push_back(std::move(address));
  }
  return out;
}

}  // namespace weir::elasticsearch
