#include "unit/copy/faulty_store.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace weir::test {
namespace {

namespace asio = boost::asio;

struct Running {
  explicit Running(FaultyData& data) : data_(data) { ++data_.running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --data_.running; }
  FaultyData& data_;
};

Error lost() { return Error(errc::connection_lost, "the answer was lost", ErrorContext{}.maybe_applied(true)); }

/// Every call begins here. True: do it, and then say that the answer was lost.
awaitable<bool> meet(std::shared_ptr<FaultyData> data) {
  const auto number = ++data->calls;
  const auto fault = data->plan ? data->plan(number) : Fault::none;
  co_await asio::post(asio::use_awaitable);
  if (fault == Fault::before) throw data->error.value_or(Error(errc::unavailable, "try later"));
  if (fault == Fault::hang) {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return fault == Fault::lost_answer;
}

class Pages final : public RecordSource {
 public:
  Pages(std::shared_ptr<FaultyData> data, Query query, StreamOptions options)
      : data_(std::move(data)), query_(std::move(query)), options_(std::move(options)) {}

  awaitable<std::vector<Record>> next_batch() override {
    const Running running(*data_);
    const bool lose = co_await meet(data_);
    if (lose) throw Error(errc::connection_lost, "the stream broke off");
    std::vector<Record> page;
    const std::lock_guard lock(data_->mutex);
    for (auto at = data_->records.upper_bound(after_); at != data_->records.end(); ++at) {
      if (page.size() == options_.batch_size()) break;
      const auto part = std::hash<std::string>()(at->first) % options_.partition().count();
      if (part == options_.partition().index() && query_.compare(at->second)) page.push_back(at->second);
    }
    if (!page.empty()) after_ = page.back().id;
    co_return page;
  }

 private:
  std::shared_ptr<FaultyData> data_;
  Query query_;
  StreamOptions options_;
  std::string after_;
};

class Faulty final : public Backend {
 public:
  explicit Faulty(std::shared_ptr<FaultyData> data) : data_(std::move(data)) {}

  Capabilities capabilities() const override {
    Capabilities all;
    all.partitions = true;
    return all;
  }
  awaitable<std::optional<Record>> read(CallContext, std::string id) override {
    const Running running(*data_);
    const bool lose = co_await meet(data_);
    if (lose) throw lost();
    const std::lock_guard lock(data_->mutex);
    const auto found = data_->records.find(id);
    if (found == data_->records.end()) co_return std::nullopt;
    co_return found->second;
  }
  awaitable<bool> write(CallContext, WriteKind kind, Record record, WriteOptions) override {
    const Running running(*data_);
    const bool lose = co_await meet(data_);
    const bool done = apply(kind, std::move(record));
    if (lose) throw lost();
    co_return done;
  }
  awaitable<BatchResult> write_batch(CallContext, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override {
    const Running running(*data_);
    ++data_->batches;
    data_->largest_batch = std::max(data_->largest_batch, records.size());
    const bool lose = co_await meet(data_);
    BatchResult result;
    result.ids.resize(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto id = records[i].id;
      std::optional<Error> failure = data_->item_fault ? data_->item_fault(records[i]) : std::nullopt;
      if (!failure) try {
          apply(kind, std::move(records[i]));
          result.ids[i] = id;
        } catch (const Error& error) {
          failure = error;
        }
      if (failure && options.on_error() == OnError::stop) throw *failure;
      if (failure) result.errors.emplace_back(i, std::move(id), std::move(*failure));
    }
    if (lose) throw lost();
    co_return result;
  }
  RecordStream scan(CallContext, Query query, StreamOptions options) override {
    return RecordStream(std::make_shared<Pages>(data_, std::move(query), std::move(options)));
  }
  awaitable<Health> ping(CallContext) override {
    Health health;
    health.reachable = true;
    co_return health;
  }

 private:
  bool apply(WriteKind kind, Record record) {
    const std::lock_guard lock(data_->mutex);
    const bool there = data_->records.contains(record.id);
    if (kind == WriteKind::remove) return data_->records.erase(record.id) != 0;
    if (kind == WriteKind::create && there) throw Error(errc::already_exists, "it is stored already");
    if (kind == WriteKind::update && !there) return false;
    ++data_->writes;
    auto id = record.id;
    data_->records.insert_or_assign(std::move(id), std::move(record));
    return true;
  }

  std::shared_ptr<FaultyData> data_;
};

std::mutex all_mutex;
std::map<std::string, std::shared_ptr<FaultyData>>& all_data() {
  static std::map<std::string, std::shared_ptr<FaultyData>> all;
  return all;
}

awaitable<std::shared_ptr<Backend>> make_faulty(Config config) {
  co_return std::make_shared<Faulty>(faulty_data(config.get<std::string>("location")));
}

}  // namespace

void FaultyData::fill(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto number = std::to_string(i);
    number.insert(0, 6 - number.size(), '0');
    auto record = Record().with_id("r" + number).set("n", i).set("name.first", "name " + number);
    records.emplace(record.id, std::move(record));
  }
}

std::shared_ptr<FaultyData> faulty_data(const std::string& name) {
  const std::lock_guard lock(all_mutex);
  auto& entry = all_data()[name];
  if (!entry) entry = std::make_shared<FaultyData>();
  return entry;
}

void register_faulty() { register_backend("faulty", make_faulty); }

}  // namespace weir::test
