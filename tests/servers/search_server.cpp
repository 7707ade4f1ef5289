#include "servers/search_server.hpp"

#include "support/run.hpp"

#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace weir::test {
namespace {

std::vector<std::string> arguments(const std::string& engine, const std::vector<std::string>& more) {
  std::vector<std::string> out;
  if (engine != "opensearch") out = {"--engine", engine};
  if (engine != "opensearch" && more.empty()) out.insert(out.end(), {"--name", engine});
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

// Small indexes whose writes can be searched soon: what waits for a refresh would wait for a second each time.
constexpr const char* index_template = R"({"index_patterns": ["weir-test-*"], "template": {"settings": {
    "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "50ms", "translog.durability": "async"}}})";

}  // namespace

SearchServer::SearchServer(const std::string& engine, const std::vector<std::string>& more)
    : server_(Server::start("opensearch", arguments(engine, more))) {
  if (!running()) return;
  http::ClientOptions options;
  if (const auto authority = server_.setting("SEARCH_CA"); !authority.empty()) {
    options.tls(http::TlsOptions{}.ca_file(authority));
    options.headers(http::Headers().add("Authorization", "Basic YWRtaW46YWRtaW4="));  // admin:admin
  }
  client_ = http::Client(server_.setting("SEARCH_URL"), options);
  const auto made = request("PUT", "/_index_template/weir-test", index_template);
  if (made.status != 200) throw std::runtime_error("the server takes no index template: " + made.body.to_string());
}

SearchServer::Index SearchServer::new_index() {
  static std::atomic<unsigned> number{0};
  Index out;
  out.name = "weir-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
  out.keep = std::shared_ptr<void>(nullptr, [client = client_, name = out.name](void*) {
    http::Request removal("DELETE", "/" + name);
    try {
      run(client.send(std::move(removal)));
    } catch (const std::exception&) {
      // The server is gone, and with it the index.
    }
  });
  return out;
}

std::string SearchServer::url(const std::string& index, const std::string& options) const {
  auto address = server_.setting("SEARCH_HOSTS");
  return (server_.setting("SEARCH_CA").empty() ? "elasticsearch+http://" : "elasticsearch+https://") + address + "/" +
         index + (options.empty() ? "" : "?" + options);
}

http::Response SearchServer::request(std::string method, std::string target, std::string body) const {
  http::Request request(std::move(method), std::move(target));
  if (!body.empty()) {
    request.headers(http::Headers().add("Content-Type", "application/json"));
    request.body(std::move(body));
  }
  return run(client_.send(std::move(request)));
}

}  // namespace weir::test
