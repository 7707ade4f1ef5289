// Large objects over several connections at once.
#include "backends/s3/get.hpp"
#include "backends/s3/objects.hpp"
#include "backends/s3/parts.hpp"
#include "net/strand_call.hpp"
#include "net/task_group.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>

namespace weir::s3 {

ObjectSink::~ObjectSink() = default;

namespace detail {

namespace asio = boost::asio;

namespace {

// An error's document goes where the bytes were to go.
constexpr std::uint64_t least_room = 64 * 1024;

using Buffer = std::unique_ptr<char[]>;

struct Ranges {
  Ranges(SessionPointer in, std::string object_key, GetOptions how)
      : session(std::move(in)), key(std::move(object_key)), options(std::move(how)) {}
  const SessionPointer session;
  const std::string key;
  GetOptions options;
  PartPlan plan;
  std::map<std::uint64_t, Buffer> ready;
  std::vector<Buffer> spare;

  std::uint64_t room() const { return std::max(plan.part_size, least_room); }
  Buffer buffer() {
    if (spare.empty()) return std::make_unique_for_overwrite<char[]>(room());
    auto out = std::move(spare.back());
    spare.pop_back();
    return out;
  }
};

awaitable<http::Response> fetch(std::shared_ptr<Ranges> ranges, char* to, std::uint64_t begin, std::uint64_t size) {
  auto call = get_call(*ranges->session, "GET", ranges->key, ranges->options);
  call.operation = "download";
  call.transfer = true;
  call.headers.add("Range", range_text(ranges->options.offset() + begin, size));
  call.into = std::span<char>(to, std::max(size, least_room));
  auto reply = co_await Session::send(ranges->session, std::move(call));
  if (reply.response.status == 206) check_part(reply.response, ranges->options.offset() + begin);
  co_return std::move(reply.response);
}

awaitable<void> fetch_part(std::shared_ptr<Ranges> ranges, std::uint64_t index) {
  auto buffer = ranges->buffer();
  const auto size = ranges->plan.size(index);
  const auto response = co_await fetch(ranges, buffer.get(), ranges->plan.begin(index), size);
  if (response.status != 206 || response.body_size != size)
    throw Error(errc::protocol_error, "the store gave another part of the object than was asked for");
  ranges->ready.emplace(index, std::move(buffer));
}

awaitable<ObjectInfo> download_on(asio::any_io_executor strand, std::shared_ptr<Ranges> ranges,
                                  std::shared_ptr<ObjectSink> sink) {
  const auto& settings = ranges->session->options();
  ranges->plan.part_size = settings.part_size();
  auto first = ranges->buffer();
  const auto wished = std::min(settings.part_size(), ranges->options.length().value_or(settings.part_size()));
  ObjectInfo info;
  std::optional<Error> empty;
  http::Response response;
  try {
    response = co_await fetch(ranges, first.get(), 0, wished);
  } catch (const Error& error) {
    if (error.server_code() != "InvalidRange" || ranges->options.offset() > 0) throw;
    empty = error;  // an empty object has no range
  }
  if (empty) {
    auto head = co_await head_object(ranges->session, ranges->key, ranges->options);
    if (!head || head->size > 0) throw *empty;
    co_return std::move(*head);
  }
  info = info_of(response, ranges->key);
  const auto total = total_of(response);
  if (response.status == 206 && !total)
    throw Error(errc::protocol_error, "the store gave a part of an object without saying of how large a one");
  if (!info.etag.empty()) ranges->options.if_match(info.etag);
  const auto rest = info.size - std::min(info.size, ranges->options.offset());
  const auto wanted = std::min(rest, ranges->options.length().value_or(rest));
  if (response.status != 206 && response.body_size != wanted)
    throw Error(errc::protocol_error, "the store does not give parts of objects");
  ranges->plan.total = wanted;
  ranges->plan.count = (wanted + settings.part_size() - 1) / settings.part_size();
  if (response.status == 206 && (wanted == 0 || response.body_size != ranges->plan.size(0)))
    throw Error(errc::protocol_error, "the store gave less of the object than it said");
  const auto most =
      std::clamp<std::uint64_t>(settings.memory_limit() / ranges->room(), 2, settings.concurrency() + 1) - 1;

  net::TaskGroup group(strand);
  ranges->ready.emplace(0, std::move(first));
  std::exception_ptr failure;
  std::uint64_t begun = 1;
  try {
    for (std::uint64_t next = 0; next < ranges->plan.count && !group.error(); ++next) {
      // Those that are ready and not yet given on count as well.
      while (begun < ranges->plan.count && begun - next <= most) group.spawn(fetch_part(ranges, begun++));
      while (!ranges->ready.contains(next) && !group.error()) co_await group.wait_once();
      if (group.error()) break;
      auto buffer = std::move(ranges->ready[next]);
      ranges->ready.erase(next);
      const std::span<const char> bytes(buffer.get(), ranges->plan.size(next));
      co_await sink->write(bytes);
      ranges->spare.push_back(std::move(buffer));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) group.cancel();
  bool cancelled = false;
  WEIR_JOIN(group, cancelled);
  if (!failure) failure = group.error();
  if (failure) std::rethrow_exception(failure);
  if (cancelled) throw Error(errc::cancelled, "cancelled");
  co_return info;
}

}  // namespace

awaitable<ObjectInfo> download_object(SessionPointer session, std::string key, std::shared_ptr<ObjectSink> sink,
                                      GetOptions options) {
  check_key(key);
  if (!sink) throw Error(errc::invalid_argument, "download needs a sink");
  if (options.length() && *options.length() == 0)
    throw Error(errc::invalid_argument, "a part of an object has at least one byte");
  auto ranges = std::make_shared<Ranges>(std::move(session), std::move(key), begun(std::move(options)));
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  co_return co_await net::call_on_strand<ObjectInfo>(strand, download_on(strand, std::move(ranges), std::move(sink)));
}

}  // namespace detail
}  // namespace weir::s3
