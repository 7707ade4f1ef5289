#include "backends/postgresql/stream.hpp"

#include "backends/postgresql/codec.hpp"

#include <algorithm>
#include <exception>

namespace weir::postgres {
namespace {

// Until it is known how large records are.
constexpr std::size_t first_piece = 16;
constexpr std::size_t supposed_bytes = 8 * 1024;

constexpr const char* begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

std::vector<Statement> share(const std::string& snapshot) {
  std::vector<Statement> statements;
  if (!snapshot.empty())  // letters, digits and hyphens, as the server gave them
    statements.emplace_back("SET TRANSACTION SNAPSHOT '" + snapshot + "'", std::vector<Parameter>{}, false);
  statements.emplace_back("SELECT pg_export_snapshot()");
  return statements;
}

// The transaction that had exported it has ended meanwhile, or is another server's.
bool is_lost_snapshot(const Error& error) {
  return error.server_code() == "22023" || error.server_code() == "42704" || error.server_code() == "55000";
}

// What makes a query another one.
std::string identity(const Compiled& query) {
  std::string out = query.sql;
  for (const Parameter& value : query.values) {
    out += '\0' + std::to_string(value.bytes().size()) + ':';
    out += value.bytes();
  }
  return out;
}

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
  member_.reset();
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
  if (own_) co_await ensure_table(link_, context_.deadline);
  if (query_.select()) projection_.emplace(*query_.select());
  bool opened = false;
  while (!opened) {
    if (own_) conduit_ = co_await begin();
    cursor_ = "weir_cursor_" + std::to_string(conduit_->next_cursor());
    Compiled compiled = compile_select(link_->table(), query_, Unordered::as_stored, options_.partition());
    std::vector<Statement> statements;
    statements.emplace_back("DECLARE " + cursor_ + " NO SCROLL CURSOR FOR " + compiled.sql, std::move(compiled.values),
                            false);
    for (Statement& one : fetch()) statements.push_back(std::move(one));
    RequestPtr exported;
    if (member_) exported = conduit_->post(share(member_->snapshot()));
    ahead_ = conduit_->post(std::move(statements));
    declared_ = true;
    forgotten_ = conduit_->forgotten();
    opened = !exported;
    if (exported) opened = co_await published(std::move(exported));
  }
}

// A partition takes its place among the others of its query before it waits for a connection: who comes later waits for
// its snapshot then, holding none.
awaitable<std::shared_ptr<TransactionConduit>> StreamSource::begin() {
  if (options_.partition().count() > 1) {
    std::string query = identity(compile_select(link_->table(), query_, Unordered::as_stored));
    member_ = co_await Snapshots::join(link_->snapshots, std::move(query), options_.partition(), context_.deadline);
  }
  co_return co_await open_transaction(link_, begin_snapshot, context_.deadline, "stream");
}

// Whether the others can begin with this one's snapshot now; otherwise the one that it was to begin with is gone.
awaitable<bool> StreamSource::published(RequestPtr exported) {
  std::optional<Error> failed;
  try {
    co_await conduit_->wait(exported, limit());
  } catch (const Error& error) {
    if (member_->snapshot().empty() || !is_lost_snapshot(error)) throw;
    failed = error;
  }
  if (!failed) {
    member_->publish(std::string(field_of(exported->results.back().get(), 0, 0)));
    co_return true;
  }
  member_->stale();
  member_.reset();
  ahead_.reset();
  conduit_.reset();
  co_return false;
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
  if (!ahead_) {
    // Whoever waits for this one's snapshot waits for nothing, when it fails.
    std::exception_ptr failed;
    try {
      co_await open();
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed) {
      member_.reset();
      std::rethrow_exception(failed);
    }
  }
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
  member_.reset();
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
