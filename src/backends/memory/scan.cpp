#include "backends/memory/scan.hpp"

#include "core/project.hpp"
#include "core/record_weight.hpp"
#include "core/selection.hpp"

#include <weir/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace weir::memory {
namespace {

/// Records looked at in one turn of the loop; about a millisecond.
constexpr std::size_t records_per_turn = 4096;
/// Records looked for while nobody knows yet how large they are.
constexpr std::size_t first_look = 8;

using Clock = std::chrono::steady_clock;

/// Lets others have their turn of the loop.
awaitable<void> next_turn(Clock::time_point deadline) {
  co_await boost::asio::post(boost::asio::use_awaitable);
  if (Clock::now() >= deadline) throw Error(errc::timeout, "the deadline passed while records were looked at");
}

/// Goes through a view in the order of ids: two sorted sequences merged, of which the changes win.
class Cursor {
 public:
  explicit Cursor(const View& view)
      : chunks_(&view.records.chunks()), change_(view.changes.begin()), end_(view.changes.end()) {}

  /// Null at the end.
  const Record* next() {
    for (;;) {
      const Record* stored = current();
      if (change_ == end_) {
        if (stored != nullptr) ++index_;
        return stored;
      }
      const int order = stored == nullptr ? 1 : stored->id.compare(change_->first);
      if (order < 0) {
        ++index_;
        return stored;
      }
      if (order == 0) ++index_;
      const Record* changed = (change_++)->second.get();
      if (changed != nullptr) return changed;
    }
  }

 private:
  const Record* current() {
    while (chunk_ < chunks_->size() && index_ == (*chunks_)[chunk_]->size()) {
      ++chunk_;
      index_ = 0;
    }
    return chunk_ < chunks_->size() ? (*(*chunks_)[chunk_])[index_].get() : nullptr;
  }

  const OrderedRecords::Chunks* chunks_;
  std::size_t chunk_ = 0;
  std::size_t index_ = 0;
  Changes::const_iterator change_;
  Changes::const_iterator end_;
};

/// FNV-1a: any fixed function does that spreads ids evenly.
std::size_t part_of(std::string_view id, std::size_t count) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::size_t>((hash >> 32) % count);
}

/// Finds the result's records one after another; pointers are good while the view lives.
class Finder {
 public:
  Finder(const View& view, const Query& query)
      : cursor_(view),
        query_(query),
        skip_(query.offset()),
        left_(query.limit().value_or(std::numeric_limits<std::size_t>::max())) {
    if (!query.order().empty()) selection_.emplace(query);
  }

  /// Looks at most at `records_per_turn` records; true when there may be more.
  bool look(std::vector<const Record*>& found, std::size_t enough) {
    if (selection_) return select(found, enough);
    for (std::size_t seen = 0; seen < records_per_turn && found.size() < enough; ++seen) {
      if (left_ == 0) return false;
      const Record* record = cursor_.next();
      if (record == nullptr) return false;
      if (!query_.compare(*record)) continue;
      if (skip_ > 0) {
        --skip_;
        continue;
      }
      --left_;
      found.push_back(record);
    }
    return true;
  }

 private:
  /// With an order of its own the whole result is known only after the last record was seen.
  bool select(std::vector<const Record*>& found, std::size_t enough) {
    for (std::size_t seen = 0; !complete_ && seen < records_per_turn; ++seen) {
      if (const Record* record = cursor_.next()) {
        selection_->offer(record);
      } else {
        page_ = selection_->take();
        complete_ = true;
      }
    }
    if (!complete_) return true;
    while (position_ < page_.size() && found.size() < enough) found.push_back(page_[position_++]);
    return position_ < page_.size();
  }

  Cursor cursor_;
  const Query& query_;
  std::size_t skip_;
  std::size_t left_;
  std::optional<core::Selection<const Record*>> selection_;
  std::vector<const Record*> page_;
  bool complete_ = false;
  std::size_t position_ = 0;
};

/// Copies records out of the store, with their selected fields.
class Copier {
 public:
  explicit Copier(const Query& query) {
    if (query.select()) projection_.emplace(*query.select());
  }
  Record operator()(const Record& record) const {
    if (!projection_) return record;
    Record copy;
    copy.id = record.id;
    copy.fields = projection_->apply(record.fields);
    copy.metadata = record.metadata;
    copy.version = record.version;
    return copy;
  }

 private:
  std::optional<core::Projection> projection_;
};

class ScanSource final : public RecordSource {
 public:
  ScanSource(View view, Query query, StreamOptions options, std::chrono::milliseconds timeout)
      : view_(std::move(view)),
        query_(std::move(query)),
        options_(std::move(options)),
        timeout_(timeout),
        finder_(view_, query_),
        copy_(query_) {}

  awaitable<std::vector<Record>> next_batch() override {
    std::vector<Record> batch;
    std::vector<const Record*> found;
    const auto partition = options_.partition();
    const auto most = std::max<std::size_t>(options_.batch_size(), 1);
    const auto deadline = timeout_.count() > 0 ? Clock::now() + timeout_ : Clock::time_point::max();
    std::size_t bytes = 0;
    while (more_ && batch.size() < most && (batch.empty() || bytes < options_.prefetch_bytes())) {
      const std::size_t room =
          std::min(copied_ == 0 ? first_look
                                : std::max<std::size_t>((options_.prefetch_bytes() - bytes) / (bytes_ / copied_), 1),
                   most - batch.size());
      found.clear();
      more_ = finder_.look(found, room);
      for (const auto* record : found) {
        if (partition.count() != 1 && part_of(record->id, partition.count()) != partition.index()) continue;
        batch.push_back(copy_(*record));
        const auto weight = core::record_weight(batch.back());
        bytes += weight;
        bytes_ += weight;
        ++copied_;
      }
      if (more_ && found.size() < room) co_await next_turn(deadline);
    }
    co_return batch;
  }

 private:
  const View view_;
  const Query query_;
  const StreamOptions options_;
  const std::chrono::milliseconds timeout_;
  Finder finder_;
  const Copier copy_;
  std::size_t copied_ = 0;
  std::size_t bytes_ = 0;  // of what was copied
  bool more_ = true;
};

}  // namespace

RecordStream scan(View view, Query query, StreamOptions options, const CallContext& context) {
  return RecordStream(
      std::make_shared<ScanSource>(std::move(view), std::move(query), std::move(options), context.timeout));
}

awaitable<std::vector<Record>> search(View view, Query query, CallContext context) {
  std::vector<Record> records;
  std::vector<const Record*> found;
  Finder finder(view, query);
  const Copier copy(query);
  for (bool more = true; more;) {
    found.clear();
    more = finder.look(found, records_per_turn);
    for (const auto* record : found) records.push_back(copy(*record));
    if (more) co_await next_turn(context.deadline);
  }
  co_return records;
}

awaitable<std::uint64_t> count(View view, Query query, CallContext context) {
  const Query every(query.filter());
  std::uint64_t total = 0;
  std::vector<const Record*> found;
  Finder finder(view, every);
  for (bool more = true; more;) {
    found.clear();
    more = finder.look(found, records_per_turn);
    total += found.size();
    if (more) co_await next_turn(context.deadline);
  }
  co_return total;
}

}  // namespace weir::memory
