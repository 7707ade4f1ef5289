#pragma once

// What a database and a transaction both do, on whatever connection the conduit gives.

#include "backends/postgresql/link.hpp"
#include "backends/postgresql/sql/compiler.hpp"

#include <weir/backend.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::postgres {

// Of one call: what every operation needs.
class Call {
 public:
  Call(ConduitPtr via, const CallContext& context) : conduit(std::move(via)), deadline(context.deadline) {}
  ConduitPtr conduit;
  Clock::time_point deadline;
  const TableStatements& statements() const noexcept { return conduit->link().statements(); }
  const Table& table() const noexcept { return conduit->link().table(); }
};

awaitable<std::optional<Record>> read_one(Call call, std::string id);
awaitable<bool> exists_one(Call call, std::string id);
awaitable<bool> write_one(Call call, WriteKind kind, Record record, std::optional<std::string> if_version);
awaitable<std::vector<Record>> search_all(Call call, Query query);
awaitable<std::uint64_t> count_all(Call call, Query query);
// A row of an existing table may not have every id.
bool may_be_there(const Call& call, const std::string& id);
// The rows that have one of these ids, and which is whose; valid as long as the result is.
awaitable<RequestPtr> ask_many(Call call, std::vector<std::string> ids);
using RowsById = std::unordered_map<std::string_view, int>;
RowsById rows_by_id(const PGresult* result);
awaitable<std::vector<std::optional<Record>>> read_many(Call call, std::vector<std::string> ids);
awaitable<std::uint64_t> remove_all(Call call, Query query);
awaitable<std::uint64_t> patch_all(Call call, Query query, Json merge_patch);
awaitable<Json> explain_query(Call call, Query query);
// create, upsert and remove.
awaitable<BatchResult> write_many(Call call, WriteKind kind, std::vector<Record> records, BatchOptions options);

}  // namespace weir::postgres
