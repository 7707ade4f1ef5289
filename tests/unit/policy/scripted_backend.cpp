#include "unit/policy/scripted_backend.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace weir::test {
namespace {

namespace asio = boost::asio;

const char* name_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::create: return "create";
    case WriteKind::upsert: return "upsert";
    case WriteKind::update: return "update";
    case WriteKind::patch: return "patch";
    case WriteKind::remove: return "remove";
  }
  return "";
}

struct Count {
  explicit Count(int& n) : number(n) { ++number; }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  ~Count() { --number; }
  int& number;
};

class Pages final : public RecordSource {
 public:
  Pages(ScriptedBackend& backend, CallContext context, Query query, StreamOptions options)
      : backend_(backend), context_(std::move(context)), query_(std::move(query)), options_(std::move(options)) {}
  awaitable<std::vector<Record>> next_batch() override {
    const auto step = co_await backend_.meet(context_, "page " + after_);
    if (step.kind != Step::Kind::pass) throw step.error;
    std::vector<Record> page;
    for (auto at = backend_.records.upper_bound(after_); at != backend_.records.end() && page.size() < backend_.page;
         ++at) {
      const bool mine =
          !backend_.cuts || at->first.size() % options_.partition().count() == options_.partition().index();
      if (mine && query_.compare(at->second)) page.push_back(at->second);
    }
    if (!page.empty()) after_ = page.back().id;
    co_return page;
  }

 private:
  ScriptedBackend& backend_;
  const CallContext context_;
  const Query query_;
  const StreamOptions options_;
  std::string after_;
};

class ScriptedTransaction final : public BackendTransaction {
 public:
  explicit ScriptedTransaction(ScriptedBackend& backend) : backend_(backend) {}
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override {
    co_return co_await backend_.read(std::move(context), std::move(id));
  }
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override {
    co_return co_await backend_.write(std::move(context), kind, std::move(record), std::move(options));
  }
  RecordStream scan(CallContext context, Query query, StreamOptions options) override {
    return backend_.scan(std::move(context), std::move(query), std::move(options));
  }
  awaitable<void> commit(CallContext context) override { return pass(std::move(context), "commit"); }
  awaitable<void> rollback(CallContext context) override { return pass(std::move(context), "rollback"); }
  awaitable<void> savepoint(CallContext context, unsigned depth) override {
    return pass(std::move(context), "savepoint " + std::to_string(depth));
  }
  awaitable<void> release_savepoint(CallContext context, unsigned depth) override {
    return pass(std::move(context), "release " + std::to_string(depth));
  }
  awaitable<void> rollback_to_savepoint(CallContext context, unsigned depth) override {
    return pass(std::move(context), "rollback to " + std::to_string(depth));
  }

 private:
  awaitable<void> pass(CallContext context, std::string name) {
    const auto step = co_await backend_.meet(std::move(context), std::move(name));
    if (step.kind != Step::Kind::pass) throw step.error;
  }

  ScriptedBackend& backend_;
};

}  // namespace

Record record_of(std::string id, int n) { return Record().with_id(std::move(id)).set("n", n); }

Capabilities ScriptedBackend::capabilities() const {
  Capabilities all;
  all.transactions = true;
  all.conditional_write = true;
  all.atomic_batch = true;
  all.partitions = cuts;
  return all;
}

awaitable<Step> ScriptedBackend::meet(CallContext context, std::string name) {
  const Count count(running);
  calls.push_back(std::move(name));
  contexts.push_back(std::move(context));
  Step step;
  if (!script.empty()) {
    step = script.front();
    script.pop_front();
  }
  co_await asio::post(asio::use_awaitable);
  if (step.kind == Step::Kind::hang) {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    try {
      co_await timer.async_wait(asio::use_awaitable);
    } catch (...) {
      ++cancelled;
      throw;
    }
  }
  if (step.kind == Step::Kind::stubborn) {
    const auto timer =
        std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    let_go = [weak = std::weak_ptr(timer)] {
      if (const auto alive = weak.lock()) alive->cancel();
    };
    co_await asio::this_coro::throw_if_cancelled(false);
    bool released = false;
    while (!released) {
      boost::system::error_code ended;
      co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
      released = (co_await asio::this_coro::cancellation_state).cancelled() == asio::cancellation_type::none;
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    step.kind = Step::Kind::pass;
  }
  if (step.kind == Step::Kind::fail) throw step.error;
  co_return step;
}

bool ScriptedBackend::apply(WriteKind kind, Record record, const WriteOptions& options) {
  const auto found = records.find(record.id);
  if (kind == WriteKind::create && found != records.end()) throw Error(errc::already_exists, "stored already");
  if (kind != WriteKind::create && kind != WriteKind::upsert && found == records.end()) return false;
  if (options.if_version() && (found == records.end() || found->second.version != *options.if_version()))
    throw Error(errc::conflict, "another version");
  if (kind == WriteKind::remove) {
    records.erase(found);
    return true;
  }
  if (kind == WriteKind::patch) {
    auto merged = found->second;
    merged.fields.merge_patch(record.fields);
    record = std::move(merged);
  }
  record.version = std::to_string(++versions_);
  auto id = record.id;
  records.insert_or_assign(std::move(id), std::move(record));
  return true;
}

awaitable<std::optional<Record>> ScriptedBackend::read(CallContext context, std::string id) {
  const auto step = co_await meet(std::move(context), "read " + id);
  if (step.kind == Step::Kind::lose) throw step.error;
  const auto found = records.find(id);
  if (found == records.end()) co_return std::nullopt;
  co_return found->second;
}

awaitable<bool> ScriptedBackend::write(CallContext context, WriteKind kind, Record record, WriteOptions options) {
  const auto step = co_await meet(std::move(context), std::string(name_of(kind)) + " " + record.id);
  const bool done = apply(kind, std::move(record), options);
  if (step.kind == Step::Kind::lose) throw step.error.with_maybe_applied(true);
  co_return done;
}

awaitable<BatchResult> ScriptedBackend::write_batch(CallContext context, WriteKind kind, std::vector<Record> items,
                                                    BatchOptions options) {
  std::string name = std::string("batch ") + name_of(kind);
  for (const auto& item : items) name += " " + item.id;
  const auto step = co_await meet(std::move(context), name);
  BatchResult result;
  result.ids.resize(items.size());
  const auto before = records;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto id = items[i].id;
    auto failure = item_fault ? item_fault(items[i]) : std::nullopt;
    if (!failure) try {
        const bool done = apply(kind, items[i], WriteOptions());
        if (done) result.ids[i] = id;
      } catch (const Error& error) {
        failure = error;
      }
    if (!failure) continue;
    if (options.atomic()) records = before;
    if (options.atomic() || options.on_error() == OnError::stop) throw *failure;
    result.errors.emplace_back(i, id, *failure);
  }
  if (step.kind == Step::Kind::lose) throw step.error.with_maybe_applied(true);
  co_return result;
}

RecordStream ScriptedBackend::scan(CallContext context, Query query, StreamOptions options) {
  return RecordStream(std::make_shared<Pages>(*this, std::move(context), std::move(query), std::move(options)));
}

awaitable<Health> ScriptedBackend::ping(CallContext context) {
  const auto step = co_await meet(std::move(context), "ping");
  if (step.kind == Step::Kind::lose) throw step.error;
  Health health;
  health.reachable = true;
  co_return health;
}

awaitable<std::shared_ptr<BackendTransaction>> ScriptedBackend::begin(CallContext context, TransactionOptions) {
  const auto step = co_await meet(std::move(context), "begin");
  if (step.kind == Step::Kind::lose) throw step.error;
  co_return std::make_shared<ScriptedTransaction>(*this);
}

}  // namespace weir::test
