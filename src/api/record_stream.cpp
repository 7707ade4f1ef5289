#include "api/loop_owner.hpp"
#include "api/operation.hpp"

#include <weir/record_stream.hpp>

#include <boost/asio/this_coro.hpp>

#include <iterator>

namespace weir {
namespace {

/// What an operation of a stream works on. The operation holds it: the stream may be moved or destroyed before what it
/// returned is awaited, or while it is.
struct Fetching {
  explicit Fetching(std::shared_ptr<RecordSource> records) : source(std::move(records)) {}

  std::shared_ptr<RecordSource> source;  // null once ended or closed
  std::vector<Record> batch;
  std::size_t position = 0;
  bool failed = false;  // a cancelled or failed fetch: nobody knows where the source stands
  detail::LoopOwner owner;

  std::vector<Record> rest() {
    std::vector<Record> out;
    if (position == 0) {
      out = std::move(batch);
    } else {
      out.assign(std::make_move_iterator(batch.begin() + static_cast<std::ptrdiff_t>(position)),
                 std::make_move_iterator(batch.end()));
    }
    batch.clear();
    position = 0;
    return out;
  }

  /// Called before a fetch; undone only by its success.
  RecordSource& start_fetch() {
    if (failed) throw Error(errc::cancelled, "the stream ended with a failed or cancelled fetch");
    failed = true;
    return *source;
  }
};

class VectorSource final : public RecordSource {
 public:
  explicit VectorSource(std::vector<Record> records) : records_(std::move(records)) {}
  awaitable<std::vector<Record>> next_batch() override { co_return std::exchange(records_, {}); }

 private:
  std::vector<Record> records_;
};

awaitable<std::optional<Record>> next_of(std::shared_ptr<Fetching> state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const detail::LoopOwner::Use use(state->owner, executor, "stream");
  if (state->position == state->batch.size()) {
    state->batch.clear();
    state->position = 0;
    if (!state->source) co_return std::nullopt;
    state->batch = co_await state->start_fetch().next_batch();
    state->failed = false;
    if (state->batch.empty()) {
      state->source.reset();
      co_return std::nullopt;
    }
  } else {
    WEIR_TAKE_TURNS();
  }
  co_return std::move(state->batch[state->position++]);
}

awaitable<std::vector<Record>> next_batch_of(std::shared_ptr<Fetching> state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const detail::LoopOwner::Use use(state->owner, executor, "stream");
  if (state->position < state->batch.size()) co_return state->rest();
  if (!state->source) co_return std::vector<Record>();
  auto batch = co_await state->start_fetch().next_batch();
  state->failed = false;
  if (batch.empty()) state->source.reset();
  co_return batch;
}

awaitable<void> close_of(std::shared_ptr<Fetching> state) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const detail::LoopOwner::Use use(state->owner, executor, "stream");
  state->batch.clear();
  state->position = 0;
  const auto source = std::exchange(state->source, nullptr);
  if (source && !state->failed) co_await source->close();
}

}  // namespace

struct RecordStream::State {
  explicit State(std::shared_ptr<RecordSource> source) : fetching(std::make_shared<Fetching>(std::move(source))) {}
  static const std::shared_ptr<Fetching>& of(const std::unique_ptr<State>& state) {
    if (!state) throw Error(errc::invalid_argument, "the stream is empty");
    return state->fetching;
  }
  const std::shared_ptr<Fetching> fetching;
};

RecordStream::RecordStream() noexcept = default;
RecordStream::RecordStream(std::shared_ptr<RecordSource> source) {
  if (!source) throw Error(errc::invalid_argument, "a stream needs a source");
  state_ = std::make_unique<State>(std::move(source));
}
RecordStream::RecordStream(RecordStream&&) noexcept = default;
RecordStream& RecordStream::operator=(RecordStream&&) noexcept = default;
RecordStream::~RecordStream() = default;
RecordStream::operator bool() const noexcept { return state_ != nullptr; }

RecordStream RecordStream::from(std::vector<Record> records) {
  return RecordStream(std::make_shared<VectorSource>(std::move(records)));
}

awaitable<std::optional<Record>> RecordStream::next() { return next_of(State::of(state_)); }
awaitable<std::vector<Record>> RecordStream::next_batch() { return next_batch_of(State::of(state_)); }
awaitable<void> RecordStream::close() { return close_of(State::of(state_)); }

}  // namespace weir
