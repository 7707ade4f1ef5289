#include "backends/postgresql/stream.hpp"

#include "backends/postgresql/codec.hpp"

#include <algorithm>

namespace weir::postgres {
namespace {

// Until it is known how large records are.
constexpr std::size_t first_piece = 16;
constexpr std::size_t supposed_bytes = 8 * 1024;

constexpr const char* begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

}  // namespace

StreamSource::StreamSource(LinkPtr link, CallContext context, Query query, StreamOptions options)
    : link_(std::move(link)),
      own_(true),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)) {}

StreamSource::StreamSource(std::shared_ptr<TransactionConduit> transaction, CallContext context, Query query,
                           StreamOptions options)
    : link_(transaction->shared_link()),
      conduit_(std::move(transaction)),
      own_(false),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)) {}

// Left half-way: a transaction that goes on need not keep what the server holds for it.
StreamSource::~StreamSource() {
  if (!own_ && !ended_ && declared_) conduit_->close_later(std::move(cursor_), forgotten_);
}

// The first fetch belongs to the call that opened the stream, each later one has its time anew.
Clock::time_point StreamSource::limit() const {
  if (first_) return context_.deadline;
  return context_.timeout.count() > 0 ? Clock::now() + context_.timeout : Clock::time_point::max();
}

std::vector<Statement> StreamSource::fetch() {
  std::size_t rows = std::max<std::size_t>(1, options_.batch_size());
  if (record_bytes_ == 0) {
    rows = std::min({rows, first_piece, std::max<std::size_t>(1, options_.prefetch_bytes() / 2 / supposed_bytes)});
  } else {
    // Two pieces are held at a time: the consumer's and the one ahead of it.
    const double room = static_cast<double>(std::max<std::size_t>(2, options_.prefetch_bytes())) / 2 / record_bytes_;
    if (room < static_cast<double>(rows)) rows = std::max<std::size_t>(1, static_cast<std::size_t>(room));
  }
  asked_ = rows;
  std::vector<Statement> statements;
  statements.emplace_back("FETCH " + std::to_string(rows) + " FROM " + cursor_, std::vector<Parameter>{}, false);
  return statements;
}

awaitable<void> StreamSource::open() {
  if (own_) {
    co_await ensure_table(link_, context_.deadline);
    conduit_ = co_await open_transaction(link_, begin_snapshot, context_.deadline, "stream");
  }
  if (query_.select()) projection_.emplace(*query_.select());
  cursor_ = "weir_cursor_" + std::to_string(conduit_->next_cursor());
  Compiled compiled = compile_select(link_->table(), query_, Unordered::as_stored, options_.partition());
  std::vector<Statement> statements;
  statements.emplace_back("DECLARE " + cursor_ + " NO SCROLL CURSOR FOR " + compiled.sql, std::move(compiled.values),
                          false);
  for (Statement& one : fetch()) statements.push_back(std::move(one));
  declared_ = true;
  forgotten_ = conduit_->forgotten();
  ahead_ = conduit_->post(std::move(statements));
}

std::vector<Record> StreamSource::decode(const Request& request, std::size_t asked) {
  const PGresult* const result = request.results.back().get();
  const int rows = PQntuples(result);
  std::size_t bytes = 0;
  std::vector<Record> records;
  records.reserve(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < 4; ++column) bytes += static_cast<std::size_t>(PQgetlength(result, row, column));
    records.push_back(decode_record(result, row));
    if (projection_) projection_->apply(records.back());
  }
  // A record takes about three times its text once it is parsed.
  if (rows > 0) record_bytes_ = std::max(record_bytes_ / 2, 3.0 * static_cast<double>(bytes) / rows + 256);
  if (static_cast<std::size_t>(rows) < asked) ended_ = true;
  return records;
}

awaitable<std::vector<Record>> StreamSource::next_batch() {
  if (ended_) co_return std::vector<Record>();
  if (!ahead_) co_await open();
  const auto request = std::exchange(ahead_, nullptr);
  co_await conduit_->wait(request, limit());
  first_ = false;
  auto records = decode(*request, asked_);
  if (ended_) {
    finish();
  } else {
    ahead_ = conduit_->post(fetch());
  }
  co_return records;
}

// What the store holds is free now, not only when the consumer looks for the end.
void StreamSource::finish() {
  std::vector<Statement> statements;
  if (own_) {
    statements.emplace_back("COMMIT");
  } else {
    statements.emplace_back("CLOSE " + cursor_, std::vector<Parameter>{}, false);
  }
  conduit_->finish(std::move(statements), own_);
}

awaitable<void> StreamSource::close() {
  if (std::exchange(ended_, true) || !declared_) co_return;
  const bool gone = !own_ && conduit_->forgotten() != forgotten_;
  if (ahead_) {
    const auto request = std::exchange(ahead_, nullptr);
    co_await conduit_->wait(request, limit());
  }
  if (!gone) finish();
}

}  // namespace weir::postgres
