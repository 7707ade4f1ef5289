#pragma once

/// @file
/// Records one after another, with bounded memory.

#include <weir/awaitable.hpp>
#include <weir/export.hpp>
#include <weir/record.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// Where a stream's records come from; written by backends and by RecordStream::from.
///
/// Called by one coroutine at a time, always on the loop of the first call. The destructor may run on any thread, must
/// not block, and frees what the store holds for the stream.
class WEIR_API RecordSource {
 public:
  /// The next records; an empty vector is the end, after which it is not called again.
  virtual awaitable<std::vector<Record>> next_batch() = 0;
  /// Frees what the store holds, awaitably. Called at most once, also before the end. The default does nothing.
  virtual awaitable<void> close();

 protected:
  RecordSource() = default;
  RecordSource(const RecordSource&) = default;
  RecordSource& operator=(const RecordSource&) = default;
  virtual ~RecordSource();
};

/// A pull stream of records. Move-only; lazy: the first `next()` starts it.
///
/// *Threads*: belongs to the loop of its first operation. Use from another loop, or a second operation while one is
/// pending, throws `invalid_argument`. The destructor may run anywhere and never blocks. *Cancellation*: a cancelled
/// `next()` ends the stream; the next call throws `cancelled`. *Connections*: a started stream holds one; reading
/// inside its loop needs a second one.
class WEIR_API RecordStream {
 public:
  /// Empty: can be destroyed, assigned and tested; anything else throws `invalid_argument`.
  RecordStream() noexcept;
  explicit RecordStream(std::shared_ptr<RecordSource> source);
  RecordStream(RecordStream&&) noexcept;
  RecordStream& operator=(RecordStream&&) noexcept;
  RecordStream(const RecordStream&) = delete;
  RecordStream& operator=(const RecordStream&) = delete;
  ~RecordStream();
  explicit operator bool() const noexcept;

  /// The next record, or nothing at the end (and again after it).
  awaitable<std::optional<Record>> next();
  /// What is fetched already, else the next records that come in one piece; empty at the end.
  awaitable<std::vector<Record>> next_batch();
  /// Ends the stream and frees what the store holds for it. Calling it again does nothing.
  awaitable<void> close();

  /// A stream over records in memory.
  static RecordStream from(std::vector<Record> records);
  /// A stream over a function `() -> awaitable<std::optional<Record>>`; it is copied or moved in. Give it as a named
  /// local, never as a temporary inside a co_await expression (docs/internals.md, "g++ 12").
  template <class Next>
    requires std::same_as<std::invoke_result_t<Next&>, awaitable<std::optional<Record>>>
  static RecordStream from(Next next);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

namespace detail {

template <class Next>
class CallbackSource final : public RecordSource {
 public:
  explicit CallbackSource(Next next) : next_(std::move(next)) {}
  awaitable<std::vector<Record>> next_batch() override {
    std::vector<Record> batch;
    auto record = co_await next_();
    if (record) batch.push_back(std::move(*record));
    co_return batch;
  }

 private:
  Next next_;
};

}  // namespace detail

template <class Next>
  requires std::same_as<std::invoke_result_t<Next&>, awaitable<std::optional<Record>>>
RecordStream RecordStream::from(Next next) {
  return RecordStream(std::make_shared<detail::CallbackSource<Next>>(std::move(next)));
}

}  // namespace weir
