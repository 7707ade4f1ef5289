#include "backends/s3/archive_read.hpp"

#include "core/json_text.hpp"
#include "core/record_json.hpp"
#include "core/record_weight.hpp"
#include "core/selection.hpp"

#include <algorithm>

namespace weir::s3::detail {
namespace {

constexpr std::size_t input_size = std::size_t{256} << 10;
constexpr std::size_t unpacked_step = std::size_t{256} << 10;
constexpr std::size_t most_manifest = std::size_t{256} << 20;

}  // namespace

awaitable<std::optional<ArchiveManifest>> read_manifest(ArchivePlace place, CallLimits limits) {
  GetOptions options;
  limits.apply(options);
  options.max_size(most_manifest);
  const auto object = co_await place.client.get(place.prefix + std::string(manifest_name), options);
  if (!object) co_return std::nullopt;
  co_return parse_manifest(object->body.view());
}

PartReader::PartReader(ArchivePlace place, Packing packing, ArchivePart part)
    : place_(std::move(place)), part_(std::move(part)), unpacker_(packing) {}

void PartReader::corrupt(const char* why) const {
  throw Error(errc::corrupt_data, part_.name + " of the archive " + why,
              ErrorContext{}.backend("s3").operation("read archive").endpoint(place_.client.endpoint()));
}

awaitable<void> PartReader::more_text(CallLimits limits) {
  text_.erase(0, text_begin_);
  text_begin_ = 0;
  if (!opened_) {
    GetOptions options;
    limits.apply(options);
    stream_ = co_await place_.client.open(place_.prefix + part_.name, options);
    opened_ = true;
    in_.resize(input_size);
  }
  const auto before = text_.size();
  while (text_.size() == before) {
    if (in_begin_ == in_end_ && !input_ended_) {
      const std::span<char> room(in_.data(), in_.size());
      const auto size = co_await stream_.read_some(room);
      in_begin_ = 0;
      in_end_ = size;
      bytes_ += size;
      digest_.update({in_.data(), size});
      input_ended_ = size == 0;
      if (bytes_ > part_.bytes) corrupt("is larger than the manifest says");
    }
    text_.resize(before + unpacked_step);
    const auto step =
        unpacker_.run({in_.data() + in_begin_, in_end_ - in_begin_}, {text_.data() + before, unpacked_step});
    in_begin_ += step.consumed;
    text_.resize(before + step.produced);
    text_bytes_ += step.produced;
    if (text_bytes_ > part_.text_bytes) corrupt("holds more than the manifest says");
    if (step.produced == 0 && input_ended_) co_return;
    if (step.produced == 0 && step.consumed == 0 && in_begin_ < in_end_) corrupt("cannot be decompressed");
  }
}

void PartReader::check_end() {
  if (!unpacker_.at_end() || text_begin_ < text_.size()) corrupt("stops in the middle of a record");
  if (bytes_ != part_.bytes || text_bytes_ != part_.text_bytes || records_ != part_.records)
    corrupt("holds less than the manifest says");
  std::string digest;
  append_hex(digest, digest_.finish());
  if (digest != part_.sha256) corrupt("is not what the manifest says: its SHA-256 differs");
}

Record PartReader::parse_line(std::string_view line) {
  Record record;
  try {
    record = core::record_from_json(core::parse_stored_json(line));
  } catch (const Error&) {
    corrupt("holds a line that is no record");
  }
  if (record.id.empty() || (records_ > 0 && record.id <= last_id_)) corrupt("is not in the order of ids");
  last_id_ = record.id;
  ++records_;
  return record;
}

awaitable<std::vector<Record>> PartReader::next(CallLimits limits, std::size_t most_records, std::size_t most_bytes) {
  std::vector<Record> out;
  std::size_t weight = 0;
  std::size_t searched = text_begin_;
  while (!ended_ && (out.empty() || (out.size() < most_records && weight < most_bytes))) {
    const auto end = text_.find('\n', searched);
    if (end != std::string::npos) {
      const auto line = std::string_view(text_).substr(text_begin_, end - text_begin_);
      weight += line.size();
      out.push_back(parse_line(line));
      text_begin_ = end + 1;
      searched = text_begin_;
      continue;
    }
    if (!out.empty()) break;
    searched = text_.size() - text_begin_;  // of what is there no more has to be looked at
    co_await more_text(limits);
    if (text_.size() == searched) {
      check_end();
      ended_ = true;
    }
  }
  co_return out;
}

ArchiveSource::ArchiveSource(ArchivePlace place, CallContext context, Query query, StreamOptions options)
    : place_(std::move(place)),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)),
      plan_(plan_scan(query_, false)),
      held_(plan_.sequence == ScanPlan::Sequence::by_fields || plan_.descending) {
  if (query_.select()) projection_.emplace(*query_.select());
}

CallLimits ArchiveSource::limits() {
  CallLimits out(context_);
  // Every later fetch has the time limit anew.
  if (manifest_ && context_.timeout.count() > 0) out.deadline = std::chrono::steady_clock::now() + context_.timeout;
  return out;
}

bool ArchiveSource::may_hold(const ArchivePart& part) const {
  const auto& prefix = plan_.id_prefix;
  if (!prefix.empty() && (part.last_id < prefix || part.first_id.substr(0, prefix.size()) > prefix)) return false;
  if (!plan_.ids) return true;
  const auto first = std::lower_bound(plan_.ids->begin(), plan_.ids->end(), part.first_id);
  return first != plan_.ids->end() && *first <= part.last_id;
}

awaitable<void> ArchiveSource::begin() {
  auto found = co_await read_manifest(place_, limits());
  if (!found)
    throw Error(errc::not_found, "there is no manifest, so no archive under this prefix",
                ErrorContext{}.backend("s3").operation("read archive").endpoint(place_.client.endpoint()));
  manifest_ = std::move(found);
}

awaitable<std::vector<Record>> ArchiveSource::next_matching() {
  std::vector<Record> out;
  if (!manifest_) co_await begin();
  while (out.empty()) {
    if (!reader_) {
      while (part_ < manifest_->parts.size() && !may_hold(manifest_->parts[part_])) ++part_;
      if (part_ == manifest_->parts.size()) break;
      reader_ = std::make_unique<PartReader>(place_, manifest_->packing, manifest_->parts[part_++]);
    }
    auto some = co_await reader_->next(limits(), std::max<std::size_t>(options_.batch_size(), 1),
                                       std::max<std::size_t>(options_.prefetch_bytes(), 1));
    if (some.empty()) reader_.reset();
    for (auto& record : some)
      if (query_.compare(record)) out.push_back(std::move(record));
  }
  co_return out;
}

awaitable<void> ArchiveSource::select_whole() {
  core::Selection<Record> selection(query_);
  for (;;) {
    auto some = co_await next_matching();
    if (some.empty()) break;
    for (auto& record : some) selection.add(std::move(record));
  }
  auto all = selection.take();
  std::move(all.begin(), all.end(), std::back_inserter(result_));
  selected_ = true;
}

awaitable<std::vector<Record>> ArchiveSource::next_batch() {
  std::vector<Record> out;
  if (query_.limit() && *query_.limit() == 0) co_return out;
  if (held_) {
    if (!selected_) co_await select_whole();
    std::size_t weight = 0;
    while (!result_.empty() && out.size() < std::max<std::size_t>(options_.batch_size(), 1) &&
           (out.empty() || weight < options_.prefetch_bytes())) {
      weight += core::record_weight(result_.front());
      out.push_back(std::move(result_.front()));
      result_.pop_front();
    }
  }
  while (!held_ && out.empty() && !(query_.limit() && given_ >= *query_.limit())) {
    auto some = co_await next_matching();
    if (some.empty()) break;
    for (auto& record : some) {
      if (skipped_ < query_.offset()) {
        ++skipped_;
        continue;
      }
      if (query_.limit() && given_ >= *query_.limit()) break;
      ++given_;
      out.push_back(std::move(record));
    }
  }
  if (projection_)
    for (auto& record : out) projection_->apply(record);
  co_return out;
}

}  // namespace weir::s3::detail
