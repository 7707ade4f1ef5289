#pragma once

// A small S3 in memory, of which a test says what goes wrong. It keeps what S3 promises: conditions are atomic, an
// upload is visible only when it is complete, a listing is in the order of the keys.

#include "wire/http/peer.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// What is done to one request besides serving it.
enum class Fault {
  none,
  slow_down,         ///< 503 with Retry-After, nothing was done
  internal,          ///< 500, nothing was done
  error_in_success,  ///< 200 with an error's document, where S3 does that; elsewhere as `internal`
  reset_before,      ///< the connection is reset, nothing was done
  reset_after,       ///< it was done, and the connection is reset before the answer
  truncated,         ///< the body of the answer stops half-way
  garbled,           ///< one bit of the body of the answer is another one
  elsewhere,         ///< 307 to another name of this host
  moves,             ///< from this request on the bucket is in eu-central-1
};

struct FakeObject {
  FakeObject() = default;
  std::string bytes;
  std::string etag;
  std::string checksum;
  std::string fields;  ///< x-amz-meta-…, Content-Type: as they are sent back
  std::string tags;
};

class FakeStore {
 public:
  /// Which fault the n-th request meets, from 1.
  using Choose = std::function<Fault(std::uint64_t number, const Received& request)>;
  explicit FakeStore(std::string bucket = "bucket");

  void choose(Choose choose);
  /// Called before a request is served, when nothing is locked.
  using Before = std::function<void(const Received& request)>;
  void before(Before before);
  /// What the server thinks the time is.
  void clock_offset(std::chrono::seconds offset);
  /// Requests must be signed for it. With `told`, the answer to others says so in a header, as AWS's does.
  void region(std::string region, bool told);
  /// Requests signed with another token than this one are told ExpiredToken.
  void session_token(std::string token);
  /// 307 to this origin for everything.
  void send_away_to(std::string origin);
  /// Answers 403 to everything.
  void forbid();
  void remove_bucket();
  /// Whether DELETE looks at If-Match; else it does not, as some stores do.
  void conditional_remove(bool looks);
  /// Objects over that size are copied in parts only.
  void copies_at_most(std::size_t bytes);

  /// From now on nothing is answered, until the result is destroyed.
  std::shared_ptr<void> hold();
  std::string origin() const { return server_.origin(); }
  std::uint64_t requests() const;
  std::map<std::string, FakeObject> objects() const;
  void put(const std::string& key, std::string bytes);
  std::size_t uploads() const;
  /// How many writes took effect under each key.
  std::map<std::string, int> writes() const;
  std::vector<std::string> log() const;

 private:
  struct Upload {
    Upload() = default;
    std::string key, fields;
    std::map<int, FakeObject> parts;
  };
  struct Answer {
    Answer() = default;
    int status = 200;
    std::string body, fields;
  };

  void serve(Peer& peer);
  Answer answer(const Received& request, Fault fault);
  std::optional<Answer> refused(const Received& request);
  Answer of_bucket(const Received& request, const std::map<std::string, std::string>& query);
  Answer of_object(const Received& request, const std::string& key, const std::map<std::string, std::string>& query);
  Answer list(const std::map<std::string, std::string>& query);
  Answer put_object(const Received& request, const std::string& key);
  Answer get_object(const Received& request, const FakeObject& object);
  Answer complete(const Received& request, const std::string& id);
  std::optional<Answer> condition(const Received& request, const std::string& key);
  std::string next_etag();

  mutable std::mutex mutex_;
  std::condition_variable released_;
  int held_ = 0;
  std::string bucket_;
  bool bucket_there_ = true;
  std::map<std::string, FakeObject> objects_;
  std::map<std::string, Upload> uploads_;
  std::map<std::string, int> writes_;
  std::vector<std::string> log_;
  Choose choose_;
  Before before_;
  std::chrono::seconds offset_{0};
  std::string region_, token_, elsewhere_;
  bool region_told_ = false;
  bool forbidden_ = false;
  bool conditional_remove_ = true;
  std::size_t copies_at_most_ = std::size_t{5} << 30;
  std::uint64_t requests_ = 0;
  std::uint64_t etags_ = 0;
  ScriptedServer server_;  ///< last: its threads use all the others
};

}  // namespace weir::test
