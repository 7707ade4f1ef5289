#include "backends/postgresql/operations.hpp"

#include "backends/postgresql/codec.hpp"
#include "backends/postgresql/mapped.hpp"
#include "core/json_text.hpp"
#include "core/project.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace weir::postgres {
namespace {

Error already_exists() { return {errc::already_exists, "the id is stored already"}; }
Error conflict(const char* text = "the stored version differs from if_version") { return {errc::conflict, text}; }

// Rows that a statement changed, from its command tag.
std::uint64_t changed(const PGresult* result) {
  const std::string_view tag = PQcmdTuples(const_cast<PGresult*>(result));
  std::uint64_t rows = 0;
  std::from_chars(tag.data(), tag.data() + tag.size(), rows);
  return rows;
}

std::vector<Statement> one(std::string sql, std::vector<Parameter> values, bool cacheable = true) {
  std::vector<Statement> statements;
  statements.emplace_back(std::move(sql), std::move(values), cacheable);
  return statements;
}

std::vector<Parameter> by_id(const std::string& id) {
  std::vector<Parameter> values;
  values.push_back(Parameter::text(id));
  return values;
}

// What a conditional change did: the record had the version and was changed, or it is absent, or it has another
// version.
bool was_changed(const PGresult* result, bool upsert) {
  if (read_int64(field_of(result, 0, 0)).value_or(0) != 0) return true;
  if (field_of(result, 0, 1) == std::string_view("\1", 1)) throw conflict();
  if (upsert) throw conflict("the record is absent, if_version names a version of it");
  return false;
}

// Slow shapes and those with large results do not share a connection.
Sharing sharing_of(const Call& call, const std::string& sql) {
  return call.conduit->link().shapes.is_slow(sql) ? Sharing::exclusive : Sharing::shared;
}

awaitable<RequestPtr> ask_query(Call call, Compiled compiled) {
  Link& link = call.conduit->link();
  const auto sharing = sharing_of(call, compiled.sql);
  auto sql = compiled.sql;
  auto request = co_await call.conduit->ask(one(std::move(compiled.sql), std::move(compiled.values)), false, sharing,
                                            call.deadline);
  link.shapes.ran(sql, request->running);
  if (PQresultMemorySize(request->result()) > link.settings.max_shared_result) link.shapes.is_large(sql);
  co_return request;
}

}  // namespace

bool may_be_there(const Call& call, const std::string& id) {
  const ColumnMap* const columns = call.table().columns();
  return columns == nullptr || columns->may_be_id(id);
}

namespace {

std::vector<Statement> change_of(const Call& call, WriteKind kind, const Record& record,
                                 std::optional<std::int64_t> expected) {
  if (kind == WriteKind::patch) {
    Compiled compiled = compile_patch(call.table(), record.id, record.fields, expected);
    return one(std::move(compiled.sql), std::move(compiled.values));
  }
  if (call.table().columns() != nullptr && kind != WriteKind::remove)
    return row_change(call.table(), kind, record, expected);
  if (call.table().columns() != nullptr) call.table().columns()->refuse_write();
  const TableStatements& sql = call.statements();
  auto values = by_id(record.id);
  if (kind != WriteKind::remove) {
    values.push_back(json_parameter(record.fields));
    values.push_back(json_parameter(record.metadata));
  }
  if (expected) values.push_back(Parameter::integer(*expected));
  const std::string* text = &sql.create;
  if (kind == WriteKind::remove) text = expected ? &sql.remove_if : &sql.remove;
  if (kind == WriteKind::update || (kind == WriteKind::upsert && expected))
    text = expected ? &sql.update_if : &sql.update;
  if (kind == WriteKind::upsert && !expected) text = &sql.upsert;
  return one(*text, std::move(values));
}

}  // namespace

awaitable<std::optional<Record>> read_one(Call call, std::string id) {
  if (!may_be_there(call, id)) co_return std::nullopt;
  const auto request =
      co_await call.conduit->ask(one(call.statements().read, by_id(id)), false, Sharing::shared, call.deadline);
  if (PQntuples(request->result()) == 0) co_return std::nullopt;
  co_return decode_record(request->result(), 0);
}

awaitable<bool> exists_one(Call call, std::string id) {
  if (!may_be_there(call, id)) co_return false;
  const auto request =
      co_await call.conduit->ask(one(call.statements().exists, by_id(id)), false, Sharing::shared, call.deadline);
  co_return field_of(request->result(), 0, 0) == std::string_view("\1", 1);
}

awaitable<bool> write_one(Call call, WriteKind kind, Record record, std::optional<std::string> if_version) {
  std::optional<std::int64_t> expected;
  if (if_version && kind != WriteKind::create) {
    expected = parse_version(*if_version);
    if (!expected) {  // no record ever had such a version
      const bool there = co_await exists_one(call, record.id);
      if (there || kind == WriteKind::upsert) throw conflict();
      co_return false;
    }
  }
  const bool makes = kind == WriteKind::create || kind == WriteKind::upsert;
  if (!makes && !may_be_there(call, record.id)) co_return false;
  auto statements = change_of(call, kind, record, expected);
  RequestPtr request;
  std::optional<Error> refused;
  try {
    request = co_await call.conduit->ask(std::move(statements), true, Sharing::shared, call.deadline);
  } catch (const Error& error) {
    if (call.table().columns() == nullptr) throw;
    refused = error;
  }
  if (refused) {
    std::vector<Record> records;
    records.push_back(std::move(record));
    const Error named = co_await explained(call, std::move(records), *refused);
    throw named;
  }
  if (expected) co_return was_changed(request->result(), kind == WriteKind::upsert);
  const bool done = changed(request->result()) != 0;
  if (!done && kind == WriteKind::create) throw already_exists();
  co_return done;
}

awaitable<std::vector<Record>> search_all(Call call, Query query) {
  const auto request = co_await ask_query(call, compile_select(call.table(), query, Unordered::by_id));
  const PGresult* const result = request->result();
  const int rows = PQntuples(result);
  std::optional<core::Projection> projection;
  if (query.select()) projection.emplace(*query.select());
  std::vector<Record> records;
  records.reserve(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    records.push_back(decode_record(result, row));
    if (projection) projection->apply(records.back());
  }
  co_return records;
}

awaitable<std::uint64_t> count_all(Call call, Query query) {
  const auto request = co_await ask_query(call, compile_count(call.table(), query));
  co_return static_cast<std::uint64_t>(read_int64(field_of(request->result(), 0, 0)).value_or(0));
}

awaitable<RequestPtr> ask_many(Call call, std::vector<std::string> ids) {
  std::vector<Parameter> values;
  if (call.table().columns() == nullptr) {
    values.push_back(Parameter::text_array(ids));
  } else {
    std::vector<std::string> possible;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(possible),
                 [&call](const std::string& id) { return may_be_there(call, id); });
    values.push_back(Parameter::text_array(possible));
  }
  auto request = co_await call.conduit->ask(one(call.statements().read_many, std::move(values)), false,
                                            ids.size() > 100 ? Sharing::exclusive : Sharing::shared, call.deadline);
  co_return request;
}

RowsById rows_by_id(const PGresult* result) {
  const int count = PQntuples(result);
  RowsById rows(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) rows.emplace(field_of(result, row, 0), row);
  return rows;
}

awaitable<std::vector<std::optional<Record>>> read_many(Call call, std::vector<std::string> ids) {
  const auto request = co_await ask_many(std::move(call), ids);
  const PGresult* const result = request->result();
  const RowsById rows = rows_by_id(result);
  std::vector<std::optional<Record>> records(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (const auto found = rows.find(ids[i]); found != rows.end()) records[i] = decode_record(result, found->second);
  co_return records;
}

namespace {

awaitable<std::uint64_t> change_all(Call call, Compiled compiled) {
  const auto request = co_await call.conduit->ask(one(std::move(compiled.sql), std::move(compiled.values), false), true,
                                                  Sharing::exclusive, call.deadline);
  co_return changed(request->result());
}

}  // namespace

awaitable<std::uint64_t> remove_all(Call call, Query query) {
  Compiled compiled = compile_remove(call.table(), query);
  co_return co_await change_all(call, std::move(compiled));
}

awaitable<std::uint64_t> patch_all(Call call, Query query, Json merge_patch) {
  Compiled compiled = compile_patch(call.table(), query, merge_patch);
  std::optional<Error> refused;
  std::uint64_t rows = 0;
  try {
    rows = co_await change_all(call, std::move(compiled));
  } catch (const Error& error) {
    if (call.table().columns() == nullptr) throw;
    refused = error;
  }
  if (refused) {
    std::vector<Record> records(1);
    records[0].fields = std::move(merge_patch);
    const Error named = co_await explained(call, std::move(records), *refused);
    throw named;
  }
  co_return rows;
}

namespace {

void collect_indexes(const Json& plan, Json& indexes) {
  if (const auto name = plan.find("Index Name"); name != plan.end())
    if (std::find(indexes.begin(), indexes.end(), *name) == indexes.end()) indexes.push_back(*name);
  if (const auto parts = plan.find("Plans"); parts != plan.end())
    for (const Json& part : *parts) collect_indexes(part, indexes);
}

}  // namespace

awaitable<Json> explain_query(Call call, Query query) {
  Compiled compiled = compile_select(call.table(), query, Unordered::by_id);
  Json out = Json::object();
  out["backend"] = "postgres";
  out["evaluated"] = "by the store";
  out["filter"] = query.filter().to_json();
  out["statement"] = compiled.sql;
  auto statements = one("EXPLAIN (FORMAT JSON) " + compiled.sql, std::move(compiled.values), false);
  statements[0].binary_result = false;
  const auto request = co_await call.conduit->ask(std::move(statements), false, Sharing::exclusive, call.deadline);
  const Json plans = core::parse_stored_json(field_of(request->result(), 0, 0));
  const Json& plan = plans.at(0).at("Plan");
  Json indexes = Json::array();
  collect_indexes(plan, indexes);
  out["index"] = std::move(indexes);
  out["plan"] = plan;
  co_return out;
}

}  // namespace weir::postgres
