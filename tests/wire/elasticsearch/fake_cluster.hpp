#pragma once

// As much of a node as the backend asks for, with documents in a map, and a place for the test to answer otherwise.

#include "wire/http/peer.hpp"

#include <weir/database.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

class FakeCluster {
 public:
  struct Answer {
    Answer() = default;
    Answer(int code, std::string text, std::string more_fields = {})
        : status(code), body(std::move(text)), fields(std::move(more_fields)) {}
    int status = 200;
    std::string body;
    std::string fields;
    bool close_instead = false;  ///< no answer: the connection is closed
  };
  /// What the test answers; none: what a node would.
  using Otherwise = std::function<std::optional<Answer>(FakeCluster&, const Received&)>;

  explicit FakeCluster(Otherwise otherwise = {}, std::string product = opensearch);
  FakeCluster(const FakeCluster&) = delete;
  FakeCluster& operator=(const FakeCluster&) = delete;

  static const std::string opensearch, elasticsearch, ancient;

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  /// "elasticsearch+http://127.0.0.1:port/people?proxy=off" and more options.
  std::string url(const std::string& options = {}) const;
  std::uint16_t port() const { return server_->port(); }

  /// One action of a bulk request; gives its item of the answer.
  Json apply(const std::string& action, const std::string& id, const std::optional<Json>& source);
  /// What a node answers to a bulk request; `item` may give another end to some.
  Answer bulk(const Received& request, const std::function<std::optional<Json>(const std::string& id)>& item = {});

  std::map<std::string, Json> documents() const;
  /// How often an id was written.
  std::map<std::string, int> writes() const;
  /// "PUT /people/_create/1" in the order in which they came.
  std::vector<std::string> requests() const;
  std::size_t count_of(const std::string& beginning) const;
  int open_cursors() const;

 private:
  void serve(Peer& peer);
  Answer answer(const Received& request);
  Answer document(const std::string& method, const std::string& api, const std::string& id, const Received& request);
  Answer search(const Received& request);

  const Otherwise otherwise_;
  const std::string product_;
  mutable std::recursive_mutex mutex_;
  std::map<std::string, Json> documents_;  // with _seq_no and _source
  std::map<std::string, int> writes_;
  std::vector<std::string> requests_;
  std::map<std::string, std::size_t> scrolls_;
  std::int64_t sequence_ = 0;
  int cursors_ = 0;
  std::unique_ptr<ScriptedServer> server_;  // last: its threads use the rest
};

AsyncDatabase opened(const std::string& url);
AsyncDatabase opened(const FakeCluster& cluster, const std::string& options = {});

}  // namespace weir::test
