#pragma once

#include "backends/elasticsearch/answers.hpp"
#include "backends/elasticsearch/background.hpp"
#include "backends/elasticsearch/link.hpp"
#include "backends/elasticsearch/requests.hpp"
#include "core/project.hpp"

#include <weir/backend.hpp>
#include <weir/query.hpp>

#include <boost/asio/steady_timer.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::elasticsearch {

/// index.max_result_window of an index that nobody changed.
inline constexpr std::size_t result_window = 10'000;

/// What a cursor reads.
struct CursorOptions {
  CursorOptions() = default;
  std::size_t batch_size = 1000;
  std::size_t prefetch_bytes = std::size_t{1} << 20U;
  Partition partition;
  bool by_id = false;                 ///< without an order: by id, not as the server likes
  bool sources = true;                ///< documents, not only ids and versions
  bool ahead = true;                  ///< the next page is fetched while the caller works on one
  bool one_deadline = false;          ///< all pages are one operation
  std::vector<std::string> only_ids;  ///< besides the query, unless empty
};

/// A snapshot on the server, read page by page, one page ahead. Whatever happens to its user (it leaves, is cancelled,
/// its coroutine is destroyed on another thread), the snapshot is freed: requests run in coroutines of the cursor's own
/// that nobody cancels, and the last of them sees to it.
class Cursor : public std::enable_shared_from_this<Cursor> {
 public:
  /// Does nothing yet. On the loop.
  Cursor(LinkPtr link, CallContext context, Query query, CursorOptions options, boost::asio::any_io_executor executor);

  /// The next records; empty at the end.
  awaitable<std::vector<Record>> next();
  awaitable<void> close();
  /// On any thread, at any time.
  void abandon() noexcept;

 private:
  TimePoint limit() const;
  void start_fetch();
  awaitable<void> fetch();
  awaitable<void> open();
  awaitable<void> fetch_page();
  awaitable<Hits> request(Json body, Page& page);
  awaitable<void> release();
  static awaitable<void> release_last(std::shared_ptr<Cursor> self);
  awaitable<void> wait();
  awaitable<std::vector<Record>> take();
  awaitable<void> end();
  void abandoned_now();
  std::size_t page_size() const;
  void measure(std::size_t bytes, std::size_t records);

  const LinkPtr link_;
  const CallContext context_;
  const Query query_;
  const CursorOptions options_;
  const boost::asio::any_io_executor strand_;
  const std::shared_ptr<LoopGate> gate_;
  const std::optional<core::Projection> projection_;
  const bool picks_;  ///< a partition of a page: cut here

  // On the strand.
  boost::asio::steady_timer fetched_;
  std::optional<Known> known_;
  Json sort_;
  std::size_t shards_ = 0;  ///< that are read one after the other, each as its documents lie; 0: all at once
  std::size_t shard_ = 0;
  std::string cursor_;  ///< PIT or scroll; empty: none is held
  Json after_;
  std::optional<std::vector<Record>> page_;
  std::exception_ptr error_;
  std::size_t skip_;
  std::optional<std::size_t> left_;
  std::size_t most_ = result_window;  ///< records in a page, as far as is known
  double record_bytes_ = 0;
  bool first_ = true;
  bool fetching_ = false;
  bool exhausted_ = false;
  bool abandoned_ = false;
};

/// The stream over a cursor.
class StreamSource final : public RecordSource {
 public:
  StreamSource(LinkPtr link, CallContext context, Query query, CursorOptions options);
  StreamSource(const StreamSource&) = delete;
  StreamSource& operator=(const StreamSource&) = delete;
  ~StreamSource();

  awaitable<std::vector<Record>> next_batch() override;
  awaitable<void> close() override;

 private:
  const LinkPtr link_;
  const CallContext context_;
  const Query query_;
  const CursorOptions options_;
  std::shared_ptr<Cursor> cursor_;
};

/// What a stream needs to know from its options.
CursorOptions cursor_options(const StreamOptions& options);

}  // namespace weir::elasticsearch
