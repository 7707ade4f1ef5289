#include "backends/sqlite/stream.hpp"

#include <algorithm>
#include <utility>

namespace weir::sqlite {

StreamSource::StreamSource(std::shared_ptr<Link> link, CallContext context, Query query, StreamOptions options)
    : StreamSource(std::move(link), nullptr, std::move(context), std::move(query), std::move(options)) {}

StreamSource::StreamSource(std::shared_ptr<Link> link, std::shared_ptr<Session> transaction, CallContext context,
                           Query query, StreamOptions options)
    : link_(std::move(link)),
      session_(std::move(transaction)),
      in_transaction_(session_ != nullptr),
      context_(std::move(context)),
      query_(std::move(query)),
      options_(std::move(options)),
      allowance_(context_.deadline == Clock::time_point::max() ? Clock::duration::max()
                                                               : context_.deadline - Clock::now()) {}

StreamSource::~StreamSource() {
  if (in_transaction_ && cursor_) cursor_->abandon();
}

Clock::time_point StreamSource::limit() const {
  return allowance_ == Clock::duration::max() ? Clock::time_point::max() : Clock::now() + allowance_;
}

awaitable<void> StreamSource::open() {
  if (!in_transaction_) {
    co_await ensure(link_, context_.deadline);
    const auto client = link_->client();
    own_ = std::make_shared<SessionHandle>(client, false, context_.tag);
    session_ = own_->session();
    auto work = [](Connection&) {};
    auto job = make_job(JobKind::begin_read, std::move(work));
    job->session = session_;
    job->deadline = context_.deadline;
    co_await run(client, job);
  }
  std::optional<core::Projection> projection;
  if (query_.select()) projection.emplace(*query_.select());
  auto compiled = compile_select(link_->table->table, query_, false, options_.partition());
  cursor_ = std::make_shared<Cursor>(std::move(compiled), std::move(projection),
                                     std::max<std::size_t>(1, options_.batch_size()),
                                     // Two pieces are held at a time: the consumer's and the one ahead of it.
                                     std::max<std::size_t>(1, options_.prefetch_bytes() / 2));
}

awaitable<std::vector<Record>> StreamSource::next_batch() {
  if (ended_) co_return std::vector<Record>();
  const bool first = !cursor_;
  if (first) co_await open();
  const auto session = session_;
  const auto client = session->client;
  auto work = [cursor = cursor_, session, first](Connection& connection) {
    if (first) session->parts.push_back(cursor);
    return cursor->next(connection);
  };
  auto job = make_job(JobKind::in_session, std::move(work));
  job->session = session;
  job->deadline = limit();
  co_await run(client, job);
  Cursor::Piece piece = std::move(*job->result);
  ended_ = piece.last;
  if (ended_) {
    // What the store holds is free now, not only when the consumer looks for the end.
    own_.reset();
  } else if (!in_transaction_) {
    auto ahead =
        make_job(JobKind::in_session, [cursor = cursor_](Connection& connection) { cursor->fetch_ahead(connection); });
    ahead->session = session;
    ahead->client = client;
    if (client->engine->submit(ahead)) client->engine->wake();
  }
  co_return std::move(piece.records);
}

awaitable<void> StreamSource::close() {
  const bool over = ended_ || !cursor_;
  ended_ = true;
  if (over) {
    own_.reset();
    co_return;
  }
  const auto session = session_;
  auto work = [cursor = cursor_, session](Connection&) {
    cursor->close();
    session->parts.remove(cursor);
  };
  auto job = make_job(in_transaction_ ? JobKind::in_session : JobKind::end_session, std::move(work));
  job->session = session;
  job->deadline = limit();
  co_await run(session->client, job);
  own_.reset();
}

}  // namespace weir::sqlite
