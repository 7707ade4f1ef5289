#pragma once

#include "backends/s3/answer.hpp"
#include "backends/s3/endpoint.hpp"
#include "backends/s3/identity_cache.hpp"
#include "backends/s3/signer.hpp"
#include "policy/retry_policy.hpp"

#include <weir/s3_types.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::s3::detail {

/// When a call that begins now has to have ended.
template <class Options>
std::optional<std::chrono::steady_clock::time_point> end_of(const Options& options) {
  auto deadline = options.deadline();
  if (options.timeout() && options.timeout()->count() > 0) {
    const auto end = std::chrono::steady_clock::now() + *options.timeout();
    deadline = deadline ? std::min(*deadline, end) : end;
  }
  return deadline;
}

/// The same options with a point in time, for an operation of several requests.
template <class Options>
Options begun(Options options) {
  options.deadline(end_of(options));
  options.timeout(std::nullopt);
  return options;
}

/// One request to the bucket, as often as it has to be sent.
class Call {
 public:
  Call() = default;
  Call(std::string method_name, std::string object_key, std::string_view what)
      : method(std::move(method_name)), key(std::move(object_key)), operation(what) {}

  template <class Options>
  Call& with(const Options& options) {
    retry = options.retry();
    deadline = end_of(options);
    return *this;
  }

  std::string method;
  std::string key;  ///< "": the bucket itself
  std::string operation;
  Parameters parameters;
  http::Headers headers;  ///< those that begin with x-amz- are signed
  std::string_view body;  ///< memory of whoever sends it
  std::string payload;    ///< SHA-256 of the body in hexadecimal, once it is known
  bool writes = false;
  bool document = false;         ///< a success may hold an error's document
  bool transfer = false;         ///< a large body, either way: only its pieces have a time limit
  std::array<int, 2> answers{};  ///< statuses besides success that are given back instead of thrown
  std::optional<std::uint64_t> max_body;
  std::span<char> into;
  std::optional<RetryOptions> retry;
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

class Reply {
 public:
  Reply() = default;
  http::Response response;
  /// An earlier sending of the same request may have reached the store.
  bool sent_before = false;
};

/// Where requests go at present.
struct Target {
  Target(Endpoint where, http::Client through) : endpoint(std::move(where)), http(std::move(through)) {}
  const Endpoint endpoint;
  const http::Client http;
};
using TargetPointer = std::shared_ptr<const Target>;

/// What the copies of a client share.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::string bucket, ClientOptions options);

  /// Sends until there is an answer that is success, or in `Call::answers`, or an error that is not worth repeating.
  static awaitable<Reply> send(std::shared_ptr<Session> session, Call call);
  /// The same, up to the head of the answer.
  static awaitable<http::ResponseStream> open(std::shared_ptr<Session> session, Call call);
  /// A URL that carries its own signature.
  static awaitable<std::string> presign(std::shared_ptr<Session> session, std::string method, std::string key,
                                        std::chrono::seconds valid_for);

  const std::string& bucket() const noexcept { return bucket_; }
  const ClientOptions& options() const noexcept { return *options_; }
  const std::string& endpoint_text() const noexcept { return endpoint_text_; }
  policy::RetryBudget& budget() noexcept { return budget_; }
  RetryOptions retry_of(const Call& call) const { return call.retry.value_or(options_->retry()); }
  std::string region() const { return target()->endpoint.region; }
  TargetPointer target() const;
  WallTime wall_now() const;

  PoolStats stats() const;
  ClientStats client_stats() const;
  static awaitable<void> close(std::shared_ptr<Session> session, std::optional<std::chrono::milliseconds> drain);

  /// Counts and sleeps when it is worth another attempt; throws otherwise.
  static awaitable<void> pause(std::shared_ptr<Session> session, Call* call, policy::Attempts* attempts, Error error);
  /// Of a key that is handed to Error's texts: the endpoint and the bucket.
  Error complete(const Error& error, const Call& call) const;

  /// Whether the store looks at If-Match of a DELETE; -1: not asked yet.
  std::atomic<int> conditional_remove{-1};

 private:
  class Course;

  http::Request request(Call& call, const Target& target, const Identity& identity, WallTime time);
  http::ClientOptions http_options() const;
  TargetPointer make_target(const std::string& region) const;
  /// What an answer with status 301 or 307 says; null: it helps nothing.
  TargetPointer redirected(const TargetPointer& from, const std::string& region, std::string_view location);
  bool correct_clock(const http::Response& response, std::int64_t used_offset);

  const std::string bucket_;
  const std::shared_ptr<const ClientOptions> options_;
  const Addressing addressing_;
  std::string endpoint_text_;
  std::shared_ptr<IdentityCache> identities_;
  SigningKeys keys_;
  policy::RetryBudget budget_;
  /// Seconds to add to our clock.
  const std::shared_ptr<std::atomic<std::int64_t>> clock_offset_ = std::make_shared<std::atomic<std::int64_t>>(0);
  mutable std::mutex mutex_;
  TargetPointer target_;
  std::vector<TargetPointer> others_;  ///< where redirects led to
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> healed_{0};
};

using SessionPointer = std::shared_ptr<Session>;

}  // namespace weir::s3::detail
