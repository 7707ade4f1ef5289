#include "core/evaluate.hpp"

#include "core/record_weight.hpp"

#include <weir/backend.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir {
namespace {

class EvaluatedSource final : public RecordSource {
 public:
  EvaluatedSource(std::function<std::vector<Record>()> load, Query query, StreamOptions options)
      : load_(std::move(load)), query_(std::move(query)), options_(std::move(options)) {}

  awaitable<std::vector<Record>> next_batch() override {
    if (load_) found_ = core::evaluate(std::exchange(load_, nullptr)(), query_);
    std::vector<Record> batch;
    std::size_t bytes = 0;
    const auto most = std::max<std::size_t>(options_.batch_size(), 1);
    while (position_ < found_.size() && batch.size() < most && bytes < options_.prefetch_bytes()) {
      bytes += core::record_weight(found_[position_]);
      batch.push_back(std::move(found_[position_++]));
    }
    if (batch.empty() && position_ < found_.size()) batch.push_back(std::move(found_[position_++]));
    co_return batch;
  }

 private:
  std::function<std::vector<Record>()> load_;
  Query query_;
  StreamOptions options_;
  std::vector<Record> found_;
  std::size_t position_ = 0;
};

}  // namespace

std::vector<Record> evaluate(std::vector<Record> records, const Query& query) {
  return core::evaluate(std::move(records), query);
}

RecordStream evaluate_stream(std::function<std::vector<Record>()> load, Query query, StreamOptions options) {
  return RecordStream(std::make_shared<EvaluatedSource>(std::move(load), std::move(query), std::move(options)));
}

}  // namespace weir
