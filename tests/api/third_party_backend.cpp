// A store written outside the library: five functions and a name.
#include "program.hpp"

#include <weir/backend.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

class Tiny : public weir::Backend {
 public:
  weir::Capabilities capabilities() const override { return {}; }

  weir::awaitable<std::optional<weir::Record>> read(weir::CallContext, std::string id) override {
    auto found = all_.find(id);
    if (found == all_.end()) co_return std::nullopt;
    co_return found->second;
  }

  weir::awaitable<bool> write(weir::CallContext, weir::WriteKind kind, weir::Record record,
                              weir::WriteOptions) override {
    if (kind == weir::WriteKind::remove) co_return all_.erase(record.id) > 0;
    auto id = record.id;
    all_[id] = std::move(record);
    co_return true;
  }

  weir::RecordStream scan(weir::CallContext, weir::Query query, weir::StreamOptions) override {
    std::vector<weir::Record> found;
    for (auto& [id, record] : all_)
      if (query.compare(record)) found.push_back(record);
    return weir::RecordStream::from(std::move(found));
  }

  weir::awaitable<weir::Health> ping(weir::CallContext) override {
    weir::Health health;
    health.reachable = true;
    co_return health;
  }

 private:
  std::map<std::string, weir::Record> all_;
};

weir::awaitable<std::shared_ptr<weir::Backend>> make(weir::Config) { co_return std::make_shared<Tiny>(); }

weir::awaitable<void> go() {
  weir::register_backend("tiny", make);
  auto db = co_await weir::AsyncDatabase::open("tiny:anything");
  auto id = co_await db.create(weir::Record{}.set("x", 1));
  CHECK(co_await db.exists(id));
  CHECK(co_await db.count() == 1);
  bool refused = false;
  try {
    auto tx = co_await db.begin();
  } catch (const weir::Error& error) {
    refused = error.code() == weir::errc::unsupported;
  }
  CHECK(refused);
}

int main() { return run(go()); }
