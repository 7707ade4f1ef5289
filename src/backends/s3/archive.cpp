// weir::s3::archive: the order of things, and how they end.
#include "backends/s3/archive_write.hpp"
#include "backends/s3/key.hpp"
#include "net/strand_call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

namespace weir::s3 {

namespace asio = boost::asio;
using detail::ArchiveRunPointer;

namespace {

[[noreturn]] void refuse(errc code, const std::string& text) {
  throw Error(code, text, ErrorContext{}.backend("s3").operation("archive"));
}

void check(const AsyncDatabase& from, const Query& query, const Client& to, const ArchiveOptions& options) {
  if (!from) refuse(errc::invalid_argument, "the database to archive is empty");
  if (!to) refuse(errc::invalid_argument, "the client to archive with is empty");
  if (!query.order().empty() || query.limit() || query.offset() != 0 || query.select())
    refuse(errc::invalid_argument,
           "an archive holds whole records in the order of their ids: order_by, limit, offset and select cannot be "
           "used with it");
  if (options.part_size() == 0) refuse(errc::invalid_argument, "option part_size: at least one byte");
  if (options.concurrency() == 0) refuse(errc::invalid_argument, "option concurrency: at least 1");
  if (options.remove_source() && !from.capabilities().conditional_write)
    refuse(errc::unsupported,
           "option remove_source: this store cannot remove a record only as long as nobody has changed it");
}

awaitable<std::vector<std::string>> parts_there(ArchiveRunPointer run) {
  std::vector<std::string> keys;
  ListOptions options;
  options.prefix(run->key(part_name_start));
  do {
    const auto page = co_await run->place.client.list(options);
    for (const auto& object : page.objects)
      if (object.key.find('/', run->place.prefix.size()) == std::string::npos &&
          object.key.find(".ndjson") != std::string::npos)
        keys.push_back(object.key);
    options.continue_from(page.next);
  } while (!options.continue_from().empty());
  co_return keys;
}

awaitable<void> discard(ArchiveRunPointer run) {
  auto keys = co_await parts_there(run);
  if (keys.empty()) co_return;
  const auto failed = co_await run->place.client.remove_many(std::move(keys));
  if (!failed.empty()) throw failed.front().error;
}

/// After a failure. Best effort: what stays is found by the next run.
awaitable<void> take_back(ArchiveRunPointer run) {
  RemoveOptions options;
  options.timeout(std::chrono::seconds(20));
  try {
    co_await run->place.client.remove_many(run->written, options);
  } catch (const boost::system::system_error&) {
    // What the caller is told is why the archiving failed.
    co_return;
  }
}

awaitable<void> write_new(ArchiveRunPointer run) {
  if (run->options.discard_unfinished()) co_await discard(run);
  co_await detail::write_parts(run);
  co_await detail::verify_parts(run);
  // From here on the archive may be there, whatever answer comes.
  run->written.clear();
  PutOptions put;
  put.only_if_absent(true).content_type("application/json");
  co_await run->place.client.put(run->key(manifest_name), manifest_text(run->manifest), put);
}

void take_existing(ArchiveRunPointer run, ArchiveManifest found) {
  if (found.source != run->manifest.source || found.query != run->manifest.query)
    refuse(errc::already_exists, "there is an archive of something else under this prefix");
  run->manifest = std::move(found);
  auto& stats = run->stats;
  stats.existed = true;
  stats.parts = run->manifest.parts.size();
  stats.records = run->manifest.records();
  for (const auto& part : run->manifest.parts) {
    stats.bytes += part.bytes;
    stats.text_bytes += part.text_bytes;
  }
}

/// The top of a coroutine of its own, since what it was asked is forgotten after a failure.
awaitable<ArchiveStats> run_archive(asio::any_io_executor background, ArchiveRunPointer run) {
  const detail::CallLimits none;
  auto found = co_await detail::read_manifest(run->place, none);
  if (found) {
    take_existing(run, std::move(*found));
    if (run->options.remove_source()) co_await detail::verify_parts(run);
  } else {
    std::exception_ptr failure;
    try {
      co_await write_new(run);
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure && !run->written.empty()) {
      co_await asio::this_coro::throw_if_cancelled(false);
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() == asio::cancellation_type::none)
        co_await take_back(run);
      else
        asio::co_spawn(background, take_back(run), [](std::exception_ptr) {});
    }
    if (failure) std::rethrow_exception(failure);
  }
  if (run->options.remove_source()) co_await detail::remove_archived(run);
  run->report();
  co_return run->stats;
}

awaitable<ArchiveStats> archive_on_strand(ArchiveRunPointer run) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const asio::any_io_executor strand = asio::make_strand(executor);
  co_return co_await net::call_on_strand<ArchiveStats>(strand, run_archive(executor, std::move(run)));
}

}  // namespace

awaitable<ArchiveStats> archive(AsyncDatabase from, Query query, Client to, std::string prefix,
                                ArchiveOptions options) {
  check(from, query, to, options);
  detail::ArchivePlace place(std::move(to), checked_prefix(std::move(prefix)));
  auto run =
      std::make_shared<detail::ArchiveRun>(std::move(from), std::move(query), std::move(place), std::move(options));
  run->manifest.packing = parse_packing(run->options.compression());
  run->manifest.source = run->from.config().to_url();
  run->manifest.query = run->query.to_json();
  return archive_on_strand(std::move(run));
}

}  // namespace weir::s3
