#include "backends/elasticsearch/transport.hpp"

#include "backends/elasticsearch/error.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace weir::elasticsearch {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds sniff_pause{10};
constexpr std::chrono::milliseconds sniff_timeout{2'000};

std::minstd_rand& generator() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return engine;
}

double random_share() { return std::uniform_real_distribution<double>(0, 1)(generator()); }

bool is_outage(int status) { return status == 502 || status == 503 || status == 504; }

// What says that the node is gone, not that the request was bad or the caller out of time.
bool is_outage(const Error& error) {
  switch (error.kind()) {
    case errc::connect_failed:
    case errc::connection_lost:
    case errc::tls_failed: return true;
    default: return false;
  }
}

http::Request request_of(const Call& call, const std::string& prefix) {
  http::Request out(call.method, prefix + call.target);
  if (!call.body.empty()) {
    http::Headers headers;
    headers.add("Content-Type", call.lines ? "application/x-ndjson" : "application/json");
    out.headers(std::move(headers));
    out.body_view(call.body);
  }
  // A POST that only reads is as good as a GET.
  out.idempotent(call.idempotent);
  if (call.deadline != Clock::time_point::max()) {
    out.deadline(call.deadline);
    out.timeout(std::chrono::milliseconds{0});
  }
  return out;
}

// The store's error, not the HTTP client's: the names of backend and operation are filled in above.
Error of_store(const Error& error, bool writes) {
  auto context = error.context();
  context.backend("").operation("");
  if (!writes) context.maybe_applied(false);
  return {error.kind(), std::string(error.message()), std::move(context), error.transient()};
}

}  // namespace

Error response_error(const http::Response& response, bool writes) {
  const auto error = error_of(response.status, read_error(Json::parse(response.body.view(), nullptr, false)));
  auto context = error.context();
  if (const auto wait = response.retry_after()) context.retry_after(*wait);
  if (writes && (response.status == 500 || response.status == 502 || response.status == 504))
    context.maybe_applied(true);
  return {error.kind(), std::string(error.message()), std::move(context), error.transient()};
}

Transport::Transport(const Settings& settings)
    : options_(settings.http),
      prefix_(settings.prefix),
      sniffs_(settings.sniff),
      nodes_(settings.origins, generator()() % settings.origins.size(), settings.ejection) {
  // Now, so that what is wrong with an address or a certificate's file is told by `open`.
  for (const auto& origin : settings.origins) clients_.try_emplace(origin, http::Client(origin, options_));
}

Transport::Chosen Transport::choose(const std::vector<std::string>& avoid) {
  const std::lock_guard lock(mutex_);
  if (closed_) throw Error(errc::pool_closed, "the database was closed");
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (std::ranges::find(avoid, nodes_.address(i)) != avoid.end()) indexes.push_back(i);
  Chosen out;
  out.node = nodes_.choose(Clock::now(), indexes);
  out.address = nodes_.address(out.node);
  auto& client = clients_[out.address];
  if (!client) client = http::Client(out.address, options_);
  out.client = client;
  return out;
}

void Transport::report(const std::string& address, std::optional<NodeFailure> failure) {
  const auto random = random_share();
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_.address(i) != address) continue;
    if (!failure) {
      nodes_.succeeded(i);
    } else {
      nodes_.failed(i, Clock::now(), random, *failure);
      sniff_wanted_ = true;
    }
  }
}

bool Transport::has_other(const std::vector<std::string>& avoid) const {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (std::ranges::find(avoid, nodes_.address(i)) == avoid.end()) return true;
  return false;
}

bool Transport::sniff_is_due() {
  if (!sniffs_) return false;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (!sniff_wanted_ || (last_sniff_ != Clock::time_point{} && now - last_sniff_ < sniff_pause)) return false;
  last_sniff_ = now;
  sniff_wanted_ = false;
  return true;
}

// Whatever goes wrong here leaves the nodes as they are.
awaitable<void> Transport::sniff() {
  const auto self = shared_from_this();
  const auto chosen = choose({});
  std::vector<std::string> found;
  try {
    http::Request request("GET", prefix_ + "/_nodes/_all/http");
    request.timeout(sniff_timeout);
    const auto response = co_await chosen.client.send(std::move(request));
    if (response.status == 200) found = read_nodes(response.body.view());
  } catch (const Error& error) {
    if (error.kind() == errc::cancelled || error.kind() == errc::pool_closed) throw;
  }
  if (found.empty()) co_return;
  const auto scheme = chosen.address.substr(0, chosen.address.find("//") + 2);
  for (auto& address : found) address = scheme + address;
  std::ranges::sort(found);
  const std::lock_guard lock(mutex_);
  nodes_.replace(found);
}

awaitable<http::Response> Transport::send(Call call) {
  const auto self = shared_from_this();
  if (sniff_is_due()) co_await sniff();
  std::vector<std::string> tried;
  for (;;) {
    const auto chosen = choose(tried);
    tried.push_back(chosen.address);
    std::optional<Error> failure;
    try {
      auto request = request_of(call, prefix_);
      auto response = co_await chosen.client.send(std::move(request));
      if (!is_outage(response.status)) {
        report(chosen.address, std::nullopt);
        co_return response;
      }
      report(chosen.address, NodeFailure::error);
      const bool again = call.idempotent || response.status == 503;  // 503: nothing was done
      if (!again || !has_other(tried)) co_return response;
    } catch (const Error& error) {
      failure = of_store(error, call.writes);
      if (is_outage(error) || error.kind() == errc::timeout)
        report(chosen.address, error.kind() == errc::connect_failed ? NodeFailure::no_connection : NodeFailure::error);
      if (!is_outage(error) || (error.maybe_applied() && call.writes && !call.idempotent)) throw *failure;
    }
    if (!failure) continue;
    if (!has_other(tried) || Clock::now() >= call.deadline) throw *failure;
  }
}

std::vector<http::Client> Transport::clients() const {
  std::vector<http::Client> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [address, client] : clients_)
    if (client) out.push_back(client);
  return out;
}

awaitable<void> Transport::close(std::chrono::milliseconds drain) {
  const auto self = shared_from_this();
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  const auto all = clients();
  const auto end = Clock::now() + drain;
  for (const auto& client : all) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    co_await client.close(std::max(left, std::chrono::milliseconds{0}));
  }
}

PoolStats Transport::stats() const {
  PoolStats out;
  for (const auto& client : clients()) out += client.stats();
  return out;
}

PoolStats Transport::stats(const boost::asio::any_io_executor& executor) const {
  PoolStats out;
  for (const auto& client : clients()) out += client.stats(executor);
  return out;
}

}  // namespace weir::elasticsearch
