#include "policy/batch_course.hpp"

#include "policy/same_content.hpp"

#include <numeric>

namespace weir::policy {

BatchCourse::BatchCourse(WriteKind kind, std::vector<Record> records, const BatchOptions& options)
    : kind_(kind),
      collect_(options.on_error() == OnError::collect && !options.atomic()),
      atomic_(options.atomic()),
      records_(std::move(records)),
      written_(records_.size()),
      open_(records_.size()),
      errors_(records_.size()),
      lost_(records_.size()) {
  std::iota(open_.begin(), open_.end(), std::size_t{0});
  ids_.reserve(records_.size());
  for (const auto& record : records_) ids_.push_back(record.id);
}

std::vector<Record> BatchCourse::to_send() const {
  if (open_.size() == records_.size()) return records_;
  std::vector<Record> out;
  out.reserve(open_.size());
  for (const auto place : open_) out.push_back(records_[place]);
  return out;
}

std::optional<Error> BatchCourse::outcome(BatchResult result) {
  const auto sent = std::exchange(open_, {});
  heard_ = true;
  std::optional<Error> again;
  std::vector<bool> failed(sent.size(), false);
  for (auto& item : result.errors) {
    const auto place = sent.at(item.index);
    failed.at(item.index) = true;
    if (item.error.maybe_applied() && !lost_[place]) lost_[place] = item.error;
    if (kind_ == WriteKind::create && item.error.kind() == errc::already_exists && lost_[place]) {
      errors_[place] = item.error.with_maybe_applied(true);
      doubtful_.push_back(place);
    } else if (item.error.transient()) {
      errors_[place] = item.error;
      open_.push_back(place);
      if (!again || (again->kind() != errc::throttled && item.error.kind() == errc::throttled)) again = item.error;
    } else {
      fail(place, item.error);
    }
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (failed[i]) continue;
    const auto place = sent[i];
    errors_[place].reset();
    written_[place] = std::move(result.ids.at(i));
    // Absent now, and an attempt whose answer was lost may have removed it: that answer is all that is known.
    if (kind_ == WriteKind::remove && written_[place].empty() && lost_[place]) errors_[place] = lost_[place];
  }
  return again;
}

void BatchCourse::lost(const Error& error) {
  for (const auto place : open_) {
    // Without `atomic` items before the failed one may have been written, whatever the error says about that one.
    if ((error.maybe_applied() || !atomic_) && !lost_[place]) lost_[place] = error.with_maybe_applied(true);
    if (collect_) errors_[place] = error;
  }
  if (kind_ == WriteKind::create && !collect_ && !open_.empty() && lost_[open_.front()]) doubtful_ = open_;
}

void BatchCourse::give_up(unsigned attempts) {
  for (const auto place : std::exchange(open_, {})) {
    auto error = errors_[place]->with_attempts(attempts);
    errors_[place] = lost_[place] ? error.with_maybe_applied(true) : error;
  }
}

std::vector<std::string> BatchCourse::ids_to_look_up() const {
  std::vector<std::string> ids;
  ids.reserve(doubtful_.size());
  for (const auto place : doubtful_) ids.push_back(ids_[place]);
  return ids;
}

void BatchCourse::looked_up(const std::vector<std::optional<Record>>& stored) {
  const auto doubtful = std::exchange(doubtful_, {});
  std::vector<bool> ours(doubtful.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < doubtful.size(); ++i) {
    ours[i] = stored.at(i) && same_content(records_[doubtful[i]], *stored[i]);
    count += ours[i] ? 1 : 0;
  }
  // All or nothing: a part that is there was there before.
  if (atomic_ && count != doubtful.size()) return;
  for (std::size_t i = 0; i < doubtful.size(); ++i) {
    if (!ours[i]) continue;
    const auto place = doubtful[i];
    written_[place] = ids_[place];
    errors_[place].reset();
  }
  std::erase_if(open_, [this](std::size_t place) { return !written_[place].empty(); });
}

bool BatchCourse::repeatable() const {
  // A batch of removals that stops at the first error cannot say afterwards which of its ids were there.
  return kind_ != WriteKind::remove || collect_;
}

BatchResult BatchCourse::take_result() {
  BatchResult result;
  result.ids = std::move(written_);
  for (std::size_t place = 0; place < errors_.size(); ++place) {
    if (!errors_[place]) continue;
    result.ids[place].clear();
    result.errors.emplace_back(place, ids_[place], std::move(*errors_[place]));
  }
  return result;
}

void BatchCourse::fail(std::size_t place, const Error& error) {
  errors_[place] = lost_[place] && !error.maybe_applied() ? error.with_maybe_applied(true) : error;
}

}  // namespace weir::policy
