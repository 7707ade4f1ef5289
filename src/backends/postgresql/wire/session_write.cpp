// How a request is put on the wire.

#include "backends/postgresql/sql/own_words.hpp"
#include "backends/postgresql/wire/session.hpp"

#include <boost/asio/post.hpp>
#include <boost/container/small_vector.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <string>

namespace weir::postgres {

namespace asio = boost::asio;

void Session::write(const RequestPtr& request) {
  request->state_ = Request::State::written;
  inflight_.push_back(request);
  if (inflight_.size() == 1) at_head(Clock::now());
  publish();
  cork();
  if (!send(*request)) return lost(false);
  flush();
  if (connection_ != nullptr) read_on();
}

bool Session::send(Request& request) {
  request.steps_.clear();
  request.step_ = 0;
  for (const Statement& statement : request.statements)
    if (!send_statement(request, statement)) return false;
  return send_sync();
}

bool Session::send_statement(Request& request, const Statement& statement) {
  const auto count = statement.values.size();
  constexpr std::size_t few = 8;
  boost::container::small_vector<Oid, few> types(count);
  boost::container::small_vector<const char*, few> values(count);
  boost::container::small_vector<int, few> lengths(count);
  boost::container::small_vector<int, few> formats(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Parameter& value = statement.values[i];
    types[i] = static_cast<Oid>(value.type());
    values[i] = value.is_null() ? nullptr : value.bytes().data();
    lengths[i] = static_cast<int>(value.bytes().size());
    formats[i] = value.binary() ? 1 : 0;
  }
  const int size = static_cast<int>(count);
  const int result_format = statement.binary_result ? 1 : 0;
  if (family_->pooler.load(std::memory_order_relaxed)) cache_.disable();
  // The texts of our own compilers fix the types of their values; a user may bind another type to the same text.
  if (request.foreign) {
    typed_ = statement.sql;
    for (const Oid type : types) {
      typed_ += '\0';
      typed_ += std::to_string(type);
    }
  }
  const auto plan = cache_.use(request.foreign ? typed_ : statement.sql, statement.cacheable);
  // What is prepared was looked at when it was.
  if (request.foreign && plan.form != StatementCache::Form::named && names_statement_timeout(statement.sql))
    limit_named_ = true;
  if (plan.form == StatementCache::Form::unnamed) {
    request.steps_.push_back({});
    return PQsendQueryParams(connection_, statement.sql.c_str(), size, types.data(), values.data(), lengths.data(),
                             formats.data(), result_format) == 1;
  }
  if (plan.form == StatementCache::Form::prepare) {
    for (const std::string& name : cache_.take_displaced()) {
      // Without an answer of its own in the request: DEALLOCATE of what is not there would fail it, and it is there.
      request.steps_.push_back({nullptr, true});
      if (!send_close(name)) return false;
    }
    request.steps_.push_back({plan.entry, true});
    if (PQsendPrepare(connection_, plan.entry->name.c_str(), statement.sql.c_str(), size, types.data()) != 1)
      return false;
  }
  request.steps_.push_back({plan.entry, false});
  return PQsendQueryPrepared(connection_, plan.entry->name.c_str(), size, values.data(), lengths.data(), formats.data(),
                             result_format) == 1;
}

bool Session::send_close(const std::string& name) {
  if (library_.send_close_prepared != nullptr) return library_.send_close_prepared(connection_, name.c_str()) == 1;
  return PQsendQueryParams(connection_, ("DEALLOCATE " + name).c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
}

bool Session::send_sync() {
  if (library_.send_pipeline_sync != nullptr) return library_.send_pipeline_sync(connection_) == 1;
  return PQpipelineSync(connection_) == 1;
}

// With a newer libpq everything that one turn of the loop asks for leaves in one packet.
void Session::flush() {
  if (writing_ || flush_posted_) return;
  if (library_.send_pipeline_sync == nullptr) return push();
  flush_posted_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->push();
    self->deliver();
  });
}

// An older libpq writes to the socket at every Sync. What one turn of the loop asks for behind something that is on its
// way already is held together by the system instead: it leaves in one packet, and the server wakes up once.
void Session::cork() {
  if (!may_cork_ || corked_ || inflight_.size() < 2) return;
  const int on = 1;
  if (::setsockopt(PQsocket(connection_), IPPROTO_TCP, TCP_CORK, &on, sizeof on) != 0) {
    may_cork_ = false;
    return;
  }
  corked_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->corked_ = false;
    if (self->connection_ == nullptr) return;
    const int off = 0;
    ::setsockopt(PQsocket(self->connection_), IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  });
}

void Session::push() {
  if (connection_ == nullptr) return;
  const int left = PQflush(connection_);
  if (left < 0) return lost(false);
  if (left == 0) return;
  writing_ = true;
  socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& failed) {
                       self->writing_ = false;
                       if (failed) return;
                       self->push();
                       self->deliver();
                     });
}

}  // namespace weir::postgres
