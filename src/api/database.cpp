// The operations on single records and queries; batches are in database_batch.cpp, opening and closing in
// database_open.cpp.
#include "api/operation.hpp"
#include "api/write_preparation.hpp"
#include "backends/immediate_backend.hpp"
#include "core/validate.hpp"

#include <weir/database.hpp>

namespace weir {

using detail::HandlePointer;
using detail::Operation;

namespace {

// Each function below is one coroutine that owns its arguments: the public functions are none themselves, so that the
// handle they are called on may die before the awaitable starts.

awaitable<std::optional<Record>> read_operation(HandlePointer handle, std::string id) {
  const Operation operation(handle, "read");
  try {
    core::validate_id(id);
    if (auto* immediate = operation.immediate()) {
      WEIR_TAKE_TURNS();
      co_return immediate->read_now(id);
    }
    if (auto* inline_reads = operation.inline_reads()) {
      WEIR_TAKE_TURNS();
      std::optional<Record> found;
      if (inline_reads->try_read_now(id, found)) co_return found;
    }
    co_return co_await operation.backend().read(operation.context(), std::move(id));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<bool> exists_operation(HandlePointer handle, std::string id) {
  const Operation operation(handle, "exists");
  try {
    core::validate_id(id);
    if (auto* immediate = operation.immediate()) {
      WEIR_TAKE_TURNS();
      co_return immediate->exists_now(id);
    }
    co_return co_await operation.backend().exists(operation.context(), std::move(id));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<bool> write_operation(HandlePointer handle, WriteKind kind, Record record, WriteOptions options) {
  const Operation operation(handle, detail::operation_name(kind));
  try {
    detail::prepare(kind, record);
    if (options.if_version() && kind == WriteKind::create)
      throw Error(errc::invalid_argument, "if_version has no meaning for create");
    if (options.if_version() && !operation.capabilities().conditional_write)
      throw Error(errc::unsupported, "the store has no conditional writes (if_version)");
    if (auto* immediate = operation.immediate()) {
      WEIR_TAKE_TURNS();
      co_return immediate->write_now(kind, std::move(record), options);
    }
    auto context = operation.context(options.timeout());
    co_return co_await operation.backend().write(std::move(context), kind, std::move(record), std::move(options));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<std::string> write_new_operation(HandlePointer handle, WriteKind kind, Record record, WriteOptions options) {
  const Operation operation(handle, detail::operation_name(kind));
  try {
    detail::assign_id(record);
    detail::prepare(kind, record);
    if (options.if_version() && kind == WriteKind::create)
      throw Error(errc::invalid_argument, "if_version has no meaning for create");
    if (options.if_version() && !operation.capabilities().conditional_write)
      throw Error(errc::unsupported, "the store has no conditional writes (if_version)");
    auto id = record.id;
    if (auto* immediate = operation.immediate()) {
      WEIR_TAKE_TURNS();
      immediate->write_now(kind, std::move(record), options);
      co_return id;
    }
    auto context = operation.context(options.timeout());
    co_await operation.backend().write(std::move(context), kind, std::move(record), std::move(options));
    co_return id;
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<std::vector<Record>> search_operation(HandlePointer handle, Query query) {
  const Operation operation(handle, "search");
  try {
    WEIR_TAKE_TURNS();
    co_return co_await operation.backend().search(operation.context(), std::move(query));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<std::uint64_t> count_operation(HandlePointer handle, Query query) {
  const Operation operation(handle, "count");
  try {
    WEIR_TAKE_TURNS();
    co_return co_await operation.backend().count(operation.context(), std::move(query));
  } catch (...) {
    operation.rethrow();
  }
}

void require_plain_filter(const Query& query) {
  if (!query.order().empty() || query.limit() || query.offset() != 0 || query.select())
    throw Error(errc::invalid_query, "only a filter can be given here: order_by, limit, offset and select are refused");
}

awaitable<std::uint64_t> remove_where_operation(HandlePointer handle, Query query) {
  const Operation operation(handle, "remove_where");
  try {
    require_plain_filter(query);
    co_return co_await operation.backend().remove_where(operation.context(), std::move(query));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<std::uint64_t> patch_where_operation(HandlePointer handle, Query query, Json merge_patch) {
  const Operation operation(handle, "patch_where");
  try {
    require_plain_filter(query);
    if (!merge_patch.is_object())
      throw Error(errc::invalid_argument,
                  std::string("a merge patch is a JSON object, not a JSON ") + merge_patch.type_name());
    core::validate_fields(merge_patch);
    co_return co_await operation.backend().patch_where(operation.context(), std::move(query), std::move(merge_patch));
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<Json> explain_operation(HandlePointer handle, Query query) {
  const Operation operation(handle, "explain");
  try {
    auto plan = co_await operation.backend().explain(operation.context(), std::move(query));
    if (!plan.contains("backend")) plan["backend"] = handle->state->name;
    co_return plan;
  } catch (...) {
    operation.rethrow();
  }
}

awaitable<Health> ping_operation(HandlePointer handle) {
  const Operation operation(handle, "ping");
  Health health;
  std::optional<Error> failure;
  const auto start = std::chrono::steady_clock::now();
  try {
    health = co_await operation.backend().ping(operation.context());
  } catch (...) {
    failure = Operation::translate(std::current_exception(), handle->state->name, "ping", handle->state->endpoint);
  }
  if (failure) {
    if (failure->kind() == errc::cancelled || failure->kind() == errc::pool_closed) throw *failure;
    health = Health();
    health.error = failure->what();
  }
  if (health.round_trip.count() == 0) health.round_trip = std::chrono::steady_clock::now() - start;
  if (health.product.empty()) health.product = handle->state->name;
  if (health.endpoint.empty()) health.endpoint = handle->state->endpoint;
  co_return health;
}

/// Starts the backend's scan at the first fetch, keeps the database alive and says where an error happened.
class DatabaseSource final : public RecordSource {
 public:
  DatabaseSource(HandlePointer handle, Query query, StreamOptions options)
      : handle_(std::move(handle)), query_(std::move(query)), options_(std::move(options)) {}

  awaitable<std::vector<Record>> next_batch() override {
    const Operation operation(handle_, "stream");
    try {
      if (options_.partition().count() > 1 && !operation.capabilities().partitions)
        throw Error(errc::unsupported, "the store cannot read a partition");
      if (!inner_) inner_ = operation.backend().scan(operation.context(), std::move(query_), std::move(options_));
      co_return co_await inner_.next_batch();
    } catch (...) {
      operation.rethrow();
    }
  }

  awaitable<void> close() override {
    if (inner_) co_await inner_.close();
    inner_ = RecordStream();
  }

 private:
  const HandlePointer handle_;
  Query query_;
  StreamOptions options_;
  RecordStream inner_;
};

}  // namespace

awaitable<std::string> AsyncDatabase::create(Record record, WriteOptions options) const {
  return write_new_operation(handle_, WriteKind::create, std::move(record), std::move(options));
}
awaitable<std::optional<Record>> AsyncDatabase::read(std::string id) const {
  return read_operation(handle_, std::move(id));
}
awaitable<bool> AsyncDatabase::update(std::string id, Record record, WriteOptions options) const {
  record.id = std::move(id);
  return write_operation(handle_, WriteKind::update, std::move(record), std::move(options));
}
awaitable<bool> AsyncDatabase::patch(std::string id, Json merge_patch, WriteOptions options) const {
  return write_operation(handle_, WriteKind::patch, detail::patch_record(std::move(id), std::move(merge_patch)),
                         std::move(options));
}
awaitable<std::string> AsyncDatabase::upsert(Record record, WriteOptions options) const {
  return write_new_operation(handle_, WriteKind::upsert, std::move(record), std::move(options));
}
awaitable<bool> AsyncDatabase::remove(std::string id, WriteOptions options) const {
  return write_operation(handle_, WriteKind::remove, detail::id_record(std::move(id)), std::move(options));
}
awaitable<bool> AsyncDatabase::exists(std::string id) const { return exists_operation(handle_, std::move(id)); }

awaitable<std::vector<Record>> AsyncDatabase::search(Query query) const {
  return search_operation(handle_, std::move(query));
}
awaitable<std::uint64_t> AsyncDatabase::count(Query query) const { return count_operation(handle_, std::move(query)); }

RecordStream AsyncDatabase::stream(Query query, StreamOptions options) const {
  if (!handle_) throw Error(errc::invalid_argument, "the database handle is empty", ErrorContext{}.operation("stream"));
  return RecordStream(std::make_shared<DatabaseSource>(handle_, std::move(query), std::move(options)));
}

awaitable<std::uint64_t> AsyncDatabase::remove_where(Query query) const {
  return remove_where_operation(handle_, std::move(query));
}
awaitable<std::uint64_t> AsyncDatabase::patch_where(Query query, Json merge_patch) const {
  return patch_where_operation(handle_, std::move(query), std::move(merge_patch));
}
awaitable<Json> AsyncDatabase::explain(Query query) const { return explain_operation(handle_, std::move(query)); }
awaitable<Health> AsyncDatabase::ping() const { return ping_operation(handle_); }

}  // namespace weir
