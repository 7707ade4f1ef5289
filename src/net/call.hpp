#pragma once

#include "net/client_state.hpp"
#include "net/connection.hpp"
#include "net/exchange.hpp"
#include "net/gzip.hpp"
#include "net/request_head.hpp"
#include "net/speed_guard.hpp"
#include "net/strand_call.hpp"

#include <weir/http.hpp>
#include <weir/pool.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::http {

/// One request from the moment it is asked for until its answer was read: gets a connection, sends, reads the head,
/// sends again where the rules (`Exchange`) say so, and gives the body out piece by piece.
///
/// Short requests are written at once, in one system call. What does not fit is written by a second coroutine beside
/// the one that reads, since a server may answer before it has read everything. Both run on one executor, and both hold
/// the call: the connection is given back when the last of them is done.
///
/// On a loop that several threads run, everything that touches the connection runs on the connection's strand.
class Call : public std::enable_shared_from_this<Call> {
 public:
  /// @param streamed the body is read by `read_some`: when the head is there, only `deadline` of the request limits the
  ///        whole, and `read_idle_timeout` each read
  Call(std::shared_ptr<detail::ClientState> client, Request request, bool streamed) noexcept;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;  // the lease goes back; a connection that was not used well is closed

  /// On the loop that it is sent from. Throws `invalid_argument` for a request that cannot be sent.
  void prepare(PoolRegistry& registry);
  /// The whole of it.
  static awaitable<Response> run(std::shared_ptr<Call> call);
  /// Until the head of the final answer is there.
  awaitable<void> begin();
  /// The body, to where the request wants it, as far as it is there already. True: that was all.
  bool collect_now();
  /// The rest of it.
  awaitable<void> collect();
  /// Some of the body, 0: the end.
  awaitable<std::size_t> read_some(std::span<char> to);

  /// What was caught, as this call's error. Call it within the handler.
  [[noreturn]] void rethrow();
  /// Nobody wants the rest. From any thread.
  void abandon() noexcept;

  Response& response() noexcept { return response_; }
  const ResponseHead& head() const noexcept { return head_; }
  bool compressed() const noexcept { return inflater_ != nullptr; }

 private:
  using error_code = boost::system::error_code;

  // call.cpp: the course of the whole
  bool suits(bool fresh);
  bool obtained();
  awaitable<void> obtain(bool fresh);
  awaitable<bool> attempt();
  Next start();
  awaitable<std::size_t> more_of_head(error_code& failed);
  Next received(std::size_t count, const error_code& failed);
  bool sends_again(Next next);
  bool may_repeat();
  void drop_connection();
  awaitable<void> writer_gone();
  Next read_ended(const error_code& failed);
  /// The same as `abandon`, at once, where the connection is used.
  void end() noexcept;
  void watch();
  void limit(std::chrono::milliseconds phase);
  /// A piece of the body is waited for.
  void limit_read();
  Error error(errc code, std::string text, bool maybe_applied) const;
  [[noreturn]] void fail();
  [[noreturn]] void fail(errc code, std::string_view why);
  /// Awaits something that touches the connection.
  template <class T>
  awaitable<T> on_connection(awaitable<T> operation) {
    if (single_) return operation;
    return net::call_on_strand<T>(lease_->socket().get_executor(), std::move(operation));
  }

  // call_write.cpp: the request
  void prepare_body();
  Next send_now();
  awaitable<Next> write_small();
  void write_beside(std::size_t done);
  static awaitable<void> write_rest(std::shared_ptr<Call> self, std::size_t done);
  awaitable<bool> write_in_turn(std::size_t done);
  awaitable<void> wait_for_continue();
  awaitable<bool> write_all(std::string_view bytes);
  awaitable<bool> write_source();
  void sent();
  bool wants_no_more() const noexcept { return ended_ || exchange_->stop_sending(); }

  // call_read.cpp: the body of the answer
  void begin_body();
  awaitable<std::size_t> read_body(std::span<char> to, bool fill);
  awaitable<std::size_t> read_piece(std::span<char> to);
  awaitable<void> collect_rest();
  std::size_t take(std::span<char> to);
  bool complete();
  std::span<char> room();
  void collected(std::size_t count);
  void finish();

  std::shared_ptr<detail::ClientState> client_;
  PoolRegistry* registry_ = nullptr;
  bool single_ = true;
  const bool streamed_;
  std::shared_ptr<Pool<Connection>> pool_;
  Request request_;
  RequestFacts facts_;
  BodyFacts body_facts_;
  std::string packed_;
  std::string_view bytes_;  ///< the body, where it is in memory
  net::TimePoint deadline_ = net::TimePoint::max();
  std::uint64_t max_body_ = 0;

  Lease<Connection> lease_;
  Connection* connection_ = nullptr;
  std::optional<Exchange> exchange_;
  net::Watch watch_;
  net::SpeedGuard speed_;
  Response response_;
  ResponseHead head_;
  bool repeated_ = false;

  std::atomic<bool> ended_{false};
  std::atomic<bool> writing_{false};
  bool source_began_ = false;
  boost::asio::steady_timer* go_ = nullptr;    ///< of the writer, while it waits for "100 Continue"
  boost::asio::steady_timer* gone_ = nullptr;  ///< of the reader, while it waits for the writer's end
  boost::asio::cancellation_signal stop_writing_;
  std::exception_ptr source_error_;

  std::array<char, 1> beyond_{};  ///< where a byte too many goes
  std::unique_ptr<Inflater> inflater_;
  std::vector<char> staged_;
  std::size_t staged_begin_ = 0;
  std::size_t staged_end_ = 0;
};

}  // namespace weir::http
