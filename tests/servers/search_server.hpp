#pragma once

// A real Elasticsearch or OpenSearch for tests, and indexes that are nobody else's.

#include "servers/server.hpp"

#include <weir/http.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weir::test {

class SearchServer {
 public:
  /// "opensearch", "elasticsearch8" or "elasticsearch7"; the server is started when it does not run.
  /// `more`: other options of the script, such as "--nodes", "3"; then a name of its own is one of them.
  explicit SearchServer(const std::string& engine, const std::vector<std::string>& more = {});

  bool running() const { return server_.running(); }
  const std::string& why_not() const { return server_.why_not(); }
  const Server& server() const { return server_; }

  /// A name that no other index has; what goes by it is removed with the last copy of `keep`.
  struct Index {
    std::string name;
    std::shared_ptr<void> keep;
  };
  Index new_index();
  /// "elasticsearch+http://host:port,host:port/INDEX?refresh=wait"; with "--tls" among the options of the script, the
  /// URL has neither user nor certificate: those are the test's.
  std::string url(const std::string& index, const std::string& options = "refresh=wait") const;
  /// One request, waited for; with "--tls" as the administrator.
  http::Response request(std::string method, std::string target, std::string body = {}) const;

 private:
  const Server& server_;
  http::Client client_;
};

}  // namespace weir::test
