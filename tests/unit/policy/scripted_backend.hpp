#pragma once

#include <weir/backend.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::test {

/// What one call to the backend below meets.
class Step {
 public:
  enum class Kind {
    pass,
    fail,     ///< nothing is done
    lose,     ///< it is done, and the error comes all the same
    hang,     ///< it waits until it is cancelled; nothing is done
    stubborn  ///< it does not even end when it is cancelled, but when the backend is told to let go
  };
  Step() = default;
  Step(Kind k, errc code = errc::connection_lost) : kind(k), error(code, "scripted") {}
  Step(Error e) : kind(Kind::fail), error(std::move(e)) {}

  Kind kind = Kind::pass;
  Error error{errc::connection_lost, "scripted"};
};

/// A store in memory whose calls suspend and meet what the script says, one step after the other.
class ScriptedBackend final : public Backend {
 public:
  std::deque<Step> script;
  /// Asked for each item of a batch.
  std::function<std::optional<Error>(const Record&)> item_fault;
  std::map<std::string, Record> records;
  std::vector<std::string> calls;  ///< "create a", "batch create a b", "read a", …
  std::vector<CallContext> contexts;
  int cancelled = 0;  ///< hanging calls that were cancelled
  int running = 0;
  std::size_t page = 2;
  bool knows_deadlines = false;
  bool repeats = false;
  bool cuts = false;
  std::function<void()> let_go;  ///< ends a stubborn call

  Capabilities capabilities() const override;
  awaitable<std::optional<Record>> read(CallContext context, std::string id) override;
  awaitable<bool> write(CallContext context, WriteKind kind, Record record, WriteOptions options) override;
  awaitable<BatchResult> write_batch(CallContext context, WriteKind kind, std::vector<Record> records,
                                     BatchOptions options) override;
  RecordStream scan(CallContext context, Query query, StreamOptions options) override;
  awaitable<Health> ping(CallContext context) override;
  awaitable<std::shared_ptr<BackendTransaction>> begin(CallContext context, TransactionOptions options) override;
  bool enforces_deadline() const override { return knows_deadlines; }
  bool repeats_itself() const override { return repeats; }

  awaitable<Step> meet(CallContext context, std::string name);
  bool apply(WriteKind kind, Record record, const WriteOptions& options);

 private:
  std::uint64_t versions_ = 0;
};

/// With the field `n`.
Record record_of(std::string id, int n);

}  // namespace weir::test
