// The parts of the native handle that hold a connection: COPY and LISTEN.

#include "backends/postgresql/native.hpp"
#include "backends/postgresql/sql/parameter.hpp"
#include "backends/postgresql/wire/copy.hpp"
#include "backends/postgresql/wire/listener.hpp"

#include <weir/error.hpp>
#include <weir/postgresql.hpp>

#include <boost/asio/this_coro.hpp>

namespace weir {

using namespace postgres;

namespace {

// The binary format's signature, flags and length of an extension, and its end
// (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format").
constexpr char binary_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
constexpr std::size_t binary_header_bytes = 19;

std::shared_ptr<CopyChannel> checked(const std::shared_ptr<CopyChannel>& channel) {
  if (!channel) throw Error(errc::invalid_argument, "an empty copy");
  return channel;
}

awaitable<std::shared_ptr<CopyChannel>> open_copy(std::shared_ptr<Link> link, std::chrono::milliseconds timeout,
                                                  std::string sql, bool in) {
  refuse_nul(sql, "a statement");
  auto lease = co_await acquire_exclusive(link, deadline_of(timeout), "copy");
  auto channel = std::make_shared<CopyChannel>(std::move(lease), timeout);
  co_await CopyChannel::start(channel, std::move(sql), in);
  co_return channel;
}

awaitable<PostgresCopyIn> open_copy_in(std::shared_ptr<Link> link, std::chrono::milliseconds timeout, std::string sql) {
  auto channel = co_await open_copy(std::move(link), timeout, std::move(sql), true);
  co_return PostgresCopyIn(std::move(channel));
}

awaitable<PostgresCopyOut> open_copy_out(std::shared_ptr<Link> link, std::chrono::milliseconds timeout,
                                         std::string sql) {
  auto channel = co_await open_copy(std::move(link), timeout, std::move(sql), false);
  co_return PostgresCopyOut(std::move(channel));
}

awaitable<void> write_bytes(std::shared_ptr<CopyChannel> channel, std::string bytes) {
  if (!channel->gathered.empty()) {
    auto before = std::exchange(channel->gathered, {});
    before += bytes;
    bytes = std::move(before);
  }
  co_await CopyChannel::write(channel, std::move(bytes));
}

awaitable<std::uint64_t> finish_copy(std::shared_ptr<CopyChannel> channel) {
  if (channel->header_written) append_int16(channel->gathered, -1);
  co_await CopyChannel::write_gathered(channel);
  const auto rows = co_await CopyChannel::finish(channel);
  co_return rows;
}

awaitable<PostgresNotifications> start_listening(std::shared_ptr<Link> link, std::vector<std::string> channels) {
  for (const std::string& channel : channels) refuse_nul(channel, "a channel's name");
  const auto executor = co_await boost::asio::this_coro::executor;
  auto listener = std::make_shared<Listener>(executor, link->settings.connect, std::move(channels));
  co_await Listener::start(listener);
  co_return PostgresNotifications(listener);
}

}  // namespace

// ---- COPY
// -----------------------------------------------------------------------------------------------------------------

PostgresCopyIn::PostgresCopyIn(std::shared_ptr<CopyChannel> channel) noexcept : channel_(std::move(channel)) {}
PostgresCopyIn::~PostgresCopyIn() = default;
awaitable<void> PostgresCopyIn::write(std::string bytes) { return write_bytes(checked(channel_), std::move(bytes)); }
awaitable<void> PostgresCopyIn::write_row_values(std::vector<PostgresValue> row) {
  std::string& rows = begin_row(row.size());
  for (const PostgresValue& value : row) append_field(rows, value);
  return rows.size() >= piece_bytes ? flush() : ready();
}
awaitable<void> PostgresCopyIn::flush() { return CopyChannel::write_gathered(checked(channel_)); }
awaitable<void> PostgresCopyIn::ready() { co_return; }

std::string& PostgresCopyIn::begin_row(std::size_t fields) {
  CopyChannel& channel = *checked(channel_);
  if (channel.ended()) throw Error(errc::invalid_argument, "the copy has ended");
  std::string& rows = channel.gathered;
  if (!channel.header_written) rows.append(binary_header, binary_header_bytes);
  channel.header_written = true;
  append_int16(rows, static_cast<std::int16_t>(fields));
  return rows;
}
awaitable<std::uint64_t> PostgresCopyIn::finish() { return finish_copy(checked(channel_)); }

PostgresCopyOut::PostgresCopyOut(std::shared_ptr<CopyChannel> channel) noexcept : channel_(std::move(channel)) {}
PostgresCopyOut::~PostgresCopyOut() = default;
awaitable<std::optional<std::string>> PostgresCopyOut::next() { return CopyChannel::next(checked(channel_)); }

awaitable<PostgresCopyIn> PostgresDatabase::copy_in(std::string sql) const {
  return open_copy_in(link_, timeout_, std::move(sql));
}
awaitable<PostgresCopyOut> PostgresDatabase::copy_out(std::string sql) const {
  return open_copy_out(link_, timeout_, std::move(sql));
}

// ---- LISTEN
// ---------------------------------------------------------------------------------------------------------------

PostgresNotifications::PostgresNotifications(const std::shared_ptr<Listener>& listener) noexcept
    : listener_(listener), made_(true) {}

PostgresNotifications::PostgresNotifications(PostgresNotifications&& other) noexcept
    : listener_(std::exchange(other.listener_, {})), made_(std::exchange(other.made_, false)) {}

PostgresNotifications& PostgresNotifications::operator=(PostgresNotifications&& other) noexcept {
  if (this == &other) return *this;
  close();
  listener_ = std::exchange(other.listener_, {});
  made_ = std::exchange(other.made_, false);
  return *this;
}

PostgresNotifications::~PostgresNotifications() { close(); }

awaitable<PostgresNotification> PostgresNotifications::next() {
  if (!made_) throw Error(errc::invalid_argument, "an empty stream of notifications");
  const auto listener = listener_.lock();
  if (!listener) throw Error(errc::cancelled, "the listener was closed");
  return Listener::next(listener);
}

void PostgresNotifications::close() noexcept {
  if (const auto listener = listener_.lock()) Listener::close(listener);
}

awaitable<PostgresNotifications> PostgresDatabase::listen(std::vector<std::string> channels) const {
  return start_listening(link_, std::move(channels));
}

}  // namespace weir
