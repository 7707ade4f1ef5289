#include "key_value_backend.hpp"

#include <weir/backend.hpp>

#include <map>
#include <mutex>

namespace key_value {
namespace {

/// What a key-value store offers: get, put, erase and a walk over all. In your backend this is the store's own client.
class Store {
 public:
  std::optional<weir::Record> get(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find(id);
    if (at == records_.end()) return std::nullopt;
    return at->second;
  }
  std::vector<weir::Record> all() {
    const std::lock_guard lock(mutex_);
    std::vector<weir::Record> out;
    for (const auto& [id, record] : records_) out.push_back(record);
    return out;
  }
  /// Decides and writes in one step, so that it is atomic against other writers.
  bool write(weir::WriteKind kind, weir::Record record, const std::optional<std::string>& if_version) {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find(record.id);
    const bool there = at != records_.end();
    if (if_version && (there ? at->second.version != *if_version : kind == weir::WriteKind::upsert))
      throw weir::Error(weir::errc::conflict, "the record has another version");
    switch (kind) {
      case weir::WriteKind::create:
        if (there) throw weir::Error(weir::errc::already_exists, "the id is stored already");
        break;
      case weir::WriteKind::upsert: break;
      case weir::WriteKind::update:
        if (!there) return false;
        break;
      case weir::WriteKind::patch: {
        if (!there) return false;
        auto patched = at->second;
        patched.fields.merge_patch(record.fields);
        record = std::move(patched);
        break;
      }
      case weir::WriteKind::remove:
        if (there) records_.erase(at);
        return there;
    }
    record.version = std::to_string(++last_version_);  // never used twice, so that a removed record's is never current
    auto id = record.id;
    records_.insert_or_assign(std::move(id), std::move(record));
    return true;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, weir::Record> records_;
  std::uint64_t last_version_ = 0;
};

class KeyValueBackend final : public weir::Backend {
 public:
  weir::Capabilities capabilities() const override {
    weir::Capabilities can;
    can.conditional_write = true;
    can.snapshot_stream = true;  // `all` copies under one lock
    return can;                  // no transactions, no full text, filters are evaluated here
  }
  weir::awaitable<std::optional<weir::Record>> read(weir::CallContext, std::string id) override {
    co_return store_.get(id);
  }
  weir::awaitable<bool> write(weir::CallContext, weir::WriteKind kind, weir::Record record,
                              weir::WriteOptions options) override {
    co_return store_.write(kind, std::move(record), options.if_version());
  }
  weir::RecordStream scan(weir::CallContext, weir::Query query, weir::StreamOptions options) override {
    return weir::evaluate_stream([this] { return store_.all(); }, std::move(query), std::move(options));
  }
  weir::awaitable<weir::Health> ping(weir::CallContext) override {
    weir::Health health;
    health.reachable = true;
    health.product = "key_value";
    co_return health;
  }
  bool immediate() const override { return true; }  // nothing here ever waits

 private:
  Store store_;
};

weir::awaitable<std::shared_ptr<weir::Backend>> make(weir::Config) { co_return std::make_shared<KeyValueBackend>(); }

}  // namespace

void install() { weir::register_backend("kv", make); }

}  // namespace key_value
