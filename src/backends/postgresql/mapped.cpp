#include "backends/postgresql/mapped.hpp"

#include "backends/postgresql/codec.hpp"
#include "core/json_text.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace weir::postgres {
namespace {

// Longer nobody waits for the name of a column: with a connection there or to be had, and when all are taken, the
// asker's own transaction's perhaps among them.
constexpr std::chrono::seconds longest_search{10};
constexpr std::chrono::seconds longest_wait{1};

std::string text_at(const PGresult* result, int row, int column) { return std::string(field_of(result, row, column)); }

std::int64_t number_at(const PGresult* result, int row, int column) {
  return read_int64(field_of(result, row, column)).value_or(0);
}

bool flag_at(const PGresult* result, int row, int column) {
  return field_of(result, row, column) == std::string_view("\1", 1);
}

// In the order of columns_of_a_table().
Column column_at(const PGresult* result, int row) {
  Column out;
  out.name = text_at(result, row, 1);
  out.type = text_at(result, row, 2);
  const auto element = static_cast<std::uint32_t>(number_at(result, row, 5));
  const auto type = static_cast<std::uint32_t>(number_at(result, row, 3));
  out.kind = element != 0 ? ColumnKind::array : kind_of(type, text_at(result, row, 4));
  if (element != 0) out.element = kind_of(element, text_at(result, row, 6));
  out.digits = digits_of(out.kind, static_cast<std::int32_t>(number_at(result, row, 7)));
  out.always_identity = text_at(result, row, 9) == "a";
  out.generated = !text_at(result, row, 8).empty() || out.always_identity;
  out.compares_by_bytes = flag_at(result, row, 10);
  out.unique_by = text_at(result, row, 11);
  out.in_primary_key = flag_at(result, row, 12);
  return out;
}

bool is_of_value(const Error& error) { return error.server_code().starts_with("22"); }

awaitable<bool> is_refused(std::shared_ptr<PoolConduit> conduit, std::string sql, Parameter values,
                           Clock::time_point deadline) {
  std::vector<Statement> statements;
  std::vector<Parameter> bound;
  bound.push_back(std::move(values));
  statements.emplace_back(std::move(sql), std::move(bound), false);
  try {
    co_await conduit->ask(std::move(statements), false, Sharing::shared, deadline);
  } catch (const Error& error) {
    if (!is_of_value(error)) throw;
    co_return true;
  }
  co_return false;
}

Error does_not_fit(const Column& column, const Error& error) {
  Error named = column_error(errc::invalid_argument, column, "the value does not fit");
  return {errc::invalid_argument, std::string(named.message()),
          ErrorContext{}.server_code(std::string(error.server_code()))};
}

// The first column whose values the server refuses; null: none of them by itself.
awaitable<const Column*> find_refused(Call call, std::vector<Record> records) {
  const ColumnMap& map = *call.table().columns();
  const auto conduit = std::make_shared<PoolConduit>(call.conduit->link().shared_from_this());
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto stats = call.conduit->link().pool(executor).stats();
  const auto patience = stats.used < stats.max ? longest_search : longest_wait;
  const auto deadline = std::min(call.deadline, Clock::now() + patience);
  std::vector<std::string> ids;
  std::vector<std::string> fields;
  for (const Record& record : records) {
    if (!record.id.empty()) ids.push_back(record.id);
    fields.push_back(core::dump_json(record.fields));
  }
  const bool by_id = co_await is_refused(conduit, map.probe_id(), Parameter::text_array(ids), deadline);
  if (by_id) co_return &map.key();
  for (const Column& column : map.columns()) {
    const bool given = std::any_of(records.begin(), records.end(),
                                   [&column](const Record& record) { return record.fields.contains(column.name); });
    if (!given) continue;
    const bool refused =
        co_await is_refused(conduit, ColumnMap::probe(column), Parameter::jsonb_array(fields), deadline);
    if (refused) co_return &column;
  }
  co_return nullptr;
}

}  // namespace

awaitable<void> map_columns(LinkPtr link, Clock::time_point deadline) {
  const Settings& settings = link->settings;
  PoolConduit conduit(link);
  std::vector<Statement> look;
  std::vector<Parameter> values;
  values.push_back(Parameter::text(settings.table.quoted()));
  look.emplace_back(columns_of_a_table(), std::move(values), false);
  const auto seen = co_await conduit.ask(std::move(look), false, Sharing::shared, deadline);
  const PGresult* const result = seen->result();
  const int rows = PQntuples(result);
  if (rows == 0) throw Error(errc::not_found, "the table " + settings.table.quoted() + " is not there");
  std::vector<Column> columns;
  for (int row = 0; row < rows; ++row) columns.push_back(column_at(result, row));
  const std::string kind = text_at(result, 0, 0);  // an ordinary table, or one that is cut into partitions
  const bool read_only = kind != "r" && kind != "p";
  auto map =
      std::make_shared<const ColumnMap>(settings.table.quoted(), std::move(columns), settings.key_field, read_only);
  link->map(settings.table.with_columns(std::move(map)));
  link->ensured.store(true, std::memory_order_release);
}

std::vector<Statement> row_change(const Table& table, WriteKind kind, const Record& record,
                                  std::optional<std::int64_t> expected) {
  const ColumnMap& map = *table.columns();
  const Json fields = map.checked(record.id, record.fields, record.metadata);
  std::vector<Parameter> values;
  values.push_back(Parameter::text(record.id));
  values.push_back(json_parameter(fields));
  std::string sql;
  if (kind == WriteKind::create || (kind == WriteKind::upsert && !expected)) {
    sql = map.insert(fields, kind == WriteKind::upsert);
  } else {
    sql = map.update(fields) + " WHERE " + map.row_of_id();
  }
  if (expected) {
    values.push_back(Parameter::integer(*expected));
    sql = conditional_change(sql + " AND " + map.version() + " = $3", table);
  }
  std::vector<Statement> statements;
  statements.emplace_back(std::move(sql), std::move(values));
  return statements;
}

awaitable<Error> explained(Call call, std::vector<Record> records, Error error) {
  const ColumnMap& map = *call.table().columns();
  const std::string& key_index = map.key().unique_by;
  if (error.server_code() == "23505" && std::string(error.message()).find('"' + key_index + '"') != std::string::npos)
    co_return Error(errc::already_exists, "the id is stored already", ErrorContext{}.server_code("23505"));
  if (!is_of_value(error)) co_return error;
  const Column* column = nullptr;
  try {
    column = co_await find_refused(call, std::move(records));
  } catch (const Error& unknown) {
    // The error is what it was; its column stays unknown.
    if (unknown.kind() == errc::cancelled) throw;
  }
  if (column != nullptr) co_return does_not_fit(*column, error);
  co_return error;
}

}  // namespace weir::postgres
