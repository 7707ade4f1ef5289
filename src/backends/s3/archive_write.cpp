#include "backends/s3/archive_write.hpp"

#include "core/record_json.hpp"
#include "net/task_group.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>

namespace weir::s3::detail {

namespace asio = boost::asio;

namespace {

/// Packed at a time.
constexpr std::size_t packed_step = std::size_t{64} << 10;
constexpr std::size_t records_at_once = 1000;
constexpr std::size_t bytes_at_once = std::size_t{4} << 20;

[[noreturn]] void fail(const ArchiveRun& run, errc code, const std::string& text) {
  throw Error(code, text, ErrorContext{}.backend("s3").operation("archive").endpoint(run.place.client.endpoint()));
}

/// The source's records as lines, one ahead.
class Lines {
 public:
  explicit Lines(ArchiveRunPointer run) : run_(std::move(run)) {
    auto query = run_->query;
    query.order_by(weir::id());
    stream_ = run_->from.stream(std::move(query));
  }

  /// Whether there is another one, which id() and line() then are.
  awaitable<bool> look() {
    if (!line_.empty()) co_return true;
    if (position_ == batch_.size()) {
      batch_ = co_await stream_.next_batch();
      position_ = 0;
      if (batch_.empty()) co_return false;
    }
    auto& record = batch_[position_++];
    // What makes a part readable without the others, and an id findable.
    if (!last_id_.empty() && record.id <= last_id_)
      fail(*run_, errc::protocol_error, "the source does not give its records in the order of their ids");
    record.version.clear();
    core::append_record(line_, record);
    line_ += '\n';
    last_id_ = std::move(record.id);
    co_return true;
  }
  const std::string& id() const noexcept { return last_id_; }
  const std::string& line() const noexcept { return line_; }
  void take() { line_.clear(); }

 private:
  const ArchiveRunPointer run_;
  RecordStream stream_;
  std::vector<Record> batch_;
  std::size_t position_ = 0;
  std::string line_, last_id_;
};

/// The body of one part: as many lines as fit.
class PartSource final : public http::BodySource {
 public:
  PartSource(ArchiveRunPointer run, std::shared_ptr<Lines> lines, ArchivePart* part)
      : run_(std::move(run)), lines_(std::move(lines)), part_(part), packer_(run_->manifest.packing) {}

  awaitable<std::span<const char>> next() override {
    if (stopped_) throw Error(errc::cancelled, "cancelled");
    out_.clear();
    while (!ended_ && out_.empty()) {
      const bool more = co_await lines_->look();
      if (!more || (part_->records > 0 && !fits(lines_->line().size()))) {
        packer_.add(text_, out_);
        packer_.finish(out_);
        ended_ = true;
        break;
      }
      take_line();
    }
    digest_.update(out_);
    part_->bytes += out_.size();
    if (ended_ && part_->sha256.empty()) append_hex(part_->sha256, digest_.finish());
    co_return std::span<const char>(out_.data(), out_.size());
  }
  bool ended() const noexcept { return ended_; }
  /// The upload is to end, with an error unless it has everything already.
  void stop() noexcept { stopped_ = true; }

 private:
  bool fits(std::size_t more) const noexcept {
    return part_->bytes + packer_.pending(text_.size() + more) <= run_->options.part_size();
  }
  void take_line() {
    if (part_->records == 0) part_->first_id = lines_->id();
    part_->last_id = lines_->id();
    ++part_->records;
    part_->text_bytes += lines_->line().size();
    text_ += lines_->line();
    lines_->take();
    if (text_.size() < packed_step) return;
    packer_.add(text_, out_);
    text_.clear();
  }

  const ArchiveRunPointer run_;
  const std::shared_ptr<Lines> lines_;
  ArchivePart* const part_;
  Packer packer_;
  Sha256 digest_;
  std::string text_, out_;
  bool ended_ = false;
  bool stopped_ = false;
};

awaitable<void> put_whole(ArchiveRunPointer run, std::string key, std::shared_ptr<PartSource> source, PutOptions put) {
  co_await run->place.client.put_stream(std::move(key), std::move(source), std::move(put));
}

/// An upload that has been sent and is then dropped may still come about, behind the removal of what was written. So a
/// cancellation ends the source, and an upload that has everything is waited for: then it is known whether it is there.
awaitable<void> put_part(ArchiveRunPointer run, std::string key, std::shared_ptr<PartSource> source, PutOptions put) {
  net::TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(put_whole(run, key, source, std::move(put)));
  bool cancelled = false;
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!group.idle()) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (!cancelled && state.cancelled() != asio::cancellation_type::none) {
      cancelled = true;
      source->stop();
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    co_await group.wait_once();
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (!group.error()) run->written.push_back(std::move(key));
  if (cancelled) throw Error(errc::cancelled, "cancelled");
  if (group.error()) std::rethrow_exception(group.error());
}

std::string content_type(Packing packing) {
  if (packing == Packing::none) return "application/x-ndjson";
  return packing == Packing::gzip ? "application/gzip" : "application/zstd";
}

/// Reads the part to its end, where it is compared with what is known of it.
awaitable<void> verify_part(ArchiveRunPointer run, ArchivePart part) {
  PartReader reader(run->place, run->manifest.packing, std::move(part));
  for (;;) {
    const auto some = co_await reader.next(CallLimits(), records_at_once, bytes_at_once);
    if (some.empty()) break;
    run->stats.verified += some.size();
    run->report();
  }
}

/// What is there instead is taken when it is the same.
awaitable<void> take_over(ArchiveRunPointer run, ArchivePart part) {
  bool same = true;
  try {
    co_await verify_part(run, part);
  } catch (const Error& error) {
    if (error.kind() != errc::corrupt_data) throw;
    same = false;
  }
  run->stats.verified = 0;
  if (!same)
    fail(*run, errc::already_exists,
         part.name +
             " is there already and holds something else, of an archive that was never finished; when nobody is "
             "writing it, discard_unfinished removes its parts");
}

awaitable<void> write_part(ArchiveRunPointer run, std::shared_ptr<Lines> lines) {
  ArchivePart part;
  part.name = part_name(run->manifest.parts.size(), run->manifest.packing);
  auto source = std::make_shared<PartSource>(run, std::move(lines), &part);
  PutOptions put;
  put.only_if_absent(true).content_type(content_type(run->manifest.packing));
  bool there = false;
  try {
    co_await put_part(run, run->key(part.name), source, put);
  } catch (const Error& error) {
    if (error.kind() != errc::already_exists || !source->ended()) throw;
    there = true;
  }
  if (there) co_await take_over(run, part);
  auto& stats = run->stats;
  ++stats.parts;
  stats.records += part.records;
  stats.bytes += part.bytes;
  stats.text_bytes += part.text_bytes;
  run->manifest.parts.push_back(std::move(part));
  run->report();
}

}  // namespace

awaitable<void> write_parts(ArchiveRunPointer run) {
  auto lines = std::make_shared<Lines>(run);
  for (;;) {
    const bool more = co_await lines->look();
    if (!more) break;
    co_await write_part(run, lines);
  }
}

awaitable<void> verify_parts(ArchiveRunPointer run) {
  run->stats.verified = 0;
  for (const auto& part : run->manifest.parts) co_await verify_part(run, part);
}

}  // namespace weir::s3::detail
