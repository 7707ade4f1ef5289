// Many records in one statement. An item that the server refuses is found by halving, since a statement does all or
// nothing.

#include "backends/postgresql/batch.hpp"

#include "backends/postgresql/codec.hpp"
#include "backends/postgresql/mapped.hpp"
#include "core/json_text.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace weir::postgres {
namespace {

constexpr std::size_t default_chunk = 2'000;
constexpr std::size_t most_chunk_bytes = 4 * 1024 * 1024;
// COPY takes one round trip more than a statement, and less of the server's time for each record.
constexpr std::size_t least_copied = 200;

// What concerns one item and not the connection, the server or the table.
bool is_of_item(const Error& error) {
  switch (error.kind()) {
    case errc::already_exists:
    case errc::conflict:
    case errc::too_large:
    case errc::constraint_violation:
    case errc::invalid_argument: return true;
    default: return false;
  }
}

// A batch on its way.
struct Batch {
  Batch(Call c, WriteKind k, const std::vector<Record>& r, const BatchOptions& o)
      : call(std::move(c)),
        kind(k),
        records(r),
        collect(o.on_error() == OnError::collect && !o.atomic()),
        all_or_nothing(o.atomic()) {
    result.ids.resize(records.size());
  }
  Call call;
  const WriteKind kind;
  const std::vector<Record>& records;
  const bool collect;
  const bool all_or_nothing;
  std::shared_ptr<TransactionConduit> own;  // a transaction that ends with the batch
  BatchResult result;
  std::size_t copied = 0;  // ranges
  std::size_t refused = 0;

  // What is refused leaves the transaction as it was. One of our own is rolled back anyway, unless it is still to be
  // asked which column it was.
  bool guarded() const noexcept {
    return call.conduit->in_transaction() && (!own || call.table().columns() != nullptr);
  }
};

struct Encoded {
  std::vector<std::string> ids;
  std::vector<std::string> fields;
  std::vector<std::string> metadata;
};

std::string text_of(const Json& json) {
  auto parameter = json_parameter(json);
  return parameter.bytes().substr(1);
}

// Of an upsert only the last record with an id counts: a statement may not change a row twice.
Encoded encode(const Batch& batch, std::size_t begin, std::size_t end) {
  Encoded out;
  const ColumnMap* const columns = batch.call.table().columns();
  if (columns != nullptr) columns->refuse_write();
  std::unordered_map<std::string_view, std::size_t> last;
  if (batch.kind == WriteKind::upsert)
    for (std::size_t i = begin; i < end; ++i) last[batch.records[i].id] = i;
  for (std::size_t i = begin; i < end; ++i) {
    const Record& record = batch.records[i];
    if (batch.kind == WriteKind::upsert && last[record.id] != i) continue;
    if (batch.kind == WriteKind::remove) {
      if (columns == nullptr || columns->may_be_id(record.id)) out.ids.push_back(record.id);
      continue;
    }
    out.ids.push_back(record.id);
    if (columns != nullptr) {
      out.fields.push_back(text_of(columns->checked(record.id, record.fields, record.metadata)));
      continue;
    }
    out.fields.push_back(text_of(record.fields));
    out.metadata.push_back(text_of(record.metadata));
  }
  return out;
}

std::string text_of(const Batch& batch, const Record& first) {
  const TableStatements& sql = batch.call.statements();
  if (batch.kind == WriteKind::remove) return sql.remove_many;
  const bool upsert = batch.kind == WriteKind::upsert;
  if (const ColumnMap* const columns = batch.call.table().columns()) {
    const auto absent = batch.collect ? ColumnMap::Present::left_out : ColumnMap::Present::refused;
    return columns->insert_many(first.fields, upsert ? ColumnMap::Present::replaced : absent);
  }
  if (upsert) return sql.upsert_many;
  return batch.collect ? sql.create_absent : sql.create_many;
}

std::vector<Statement> statements_of(const Batch& batch, std::size_t begin, std::size_t end) {
  Encoded encoded = encode(batch, begin, end);
  std::vector<Parameter> values;
  values.push_back(Parameter::text_array(encoded.ids));
  if (batch.kind != WriteKind::remove) {
    values.push_back(Parameter::jsonb_array(encoded.fields));
    if (batch.call.table().columns() == nullptr) values.push_back(Parameter::jsonb_array(encoded.metadata));
  }
  std::vector<Statement> out;
  const bool guarded = batch.guarded();
  if (guarded) out.emplace_back("SAVEPOINT weir_batch");
  out.emplace_back(text_of(batch, batch.records[begin]), std::move(values));
  if (guarded) out.emplace_back("RELEASE weir_batch");
  return out;
}

// What a statement that succeeded did with each item.
void note(Batch& batch, const Request& request, std::size_t begin, std::size_t end) {
  const PGresult* const result = request.result(batch.guarded() ? 1 : 0);
  const bool names_ids = batch.kind == WriteKind::remove || (batch.kind == WriteKind::create && batch.collect);
  std::unordered_set<std::string_view> named;
  if (names_ids)
    for (int row = 0; row < PQntuples(result); ++row) named.insert(field_of(result, row, 0));
  for (std::size_t i = begin; i < end; ++i) {
    const std::string& id = batch.records[i].id;
    // Of several records with one id the first was made or removed.
    if (!names_ids || named.erase(id) != 0) {
      batch.result.ids[i] = id;
    } else if (batch.kind == WriteKind::create) {
      batch.result.errors.emplace_back(i, id, Error(errc::already_exists, "the id is stored already"));
    }
  }
}

awaitable<void> back_to_savepoint(Batch& batch) {
  std::vector<Statement> statements;
  statements.emplace_back("ROLLBACK TO weir_batch");
  statements.emplace_back("RELEASE weir_batch");
  co_await batch.call.conduit->ask(std::move(statements), false, Sharing::exclusive, batch.call.deadline);
}

awaitable<RequestPtr> ask_range(Batch& batch, std::size_t begin, std::size_t end) {
  auto statements = statements_of(batch, begin, end);
  const auto deadline = batch.call.deadline;
  if (batch.own && end == batch.records.size()) return batch.own->ask_and_commit(std::move(statements), deadline);
  return batch.call.conduit->ask(std::move(statements), true, Sharing::exclusive, deadline);
}

awaitable<void> write_range(Batch& batch, std::size_t begin, std::size_t end) {
  std::optional<Error> refused;
  try {
    const auto request = co_await ask_range(batch, begin, end);
    note(batch, *request, begin, end);
  } catch (const Error& error) {
    if (!is_of_item(error)) throw;
    refused = error;
  }
  if (!refused) co_return;
  // Refused at the COMMIT, there is no transaction any longer.
  if (batch.own && !batch.own->open()) throw *refused;
  if (batch.guarded()) co_await back_to_savepoint(batch);
  const bool last = batch.all_or_nothing || end - begin == 1;
  if (last && batch.call.table().columns() != nullptr) {
    const auto first = batch.records.begin() + static_cast<std::ptrdiff_t>(begin);
    std::vector<Record> records(first, first + static_cast<std::ptrdiff_t>(end - begin));
    const Error named = co_await explained(batch.call, std::move(records), *refused);
    refused = named;
  }
  if (batch.all_or_nothing) throw *refused;
  if (end - begin == 1) {
    if (!batch.collect) throw *refused;
    batch.result.errors.emplace_back(begin, batch.records[begin].id, *refused);
    co_return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  co_await write_range(batch, begin, middle);
  co_await write_range(batch, middle, end);
}

// Where COPY does the same as INSERT. A refused one has done its work for nothing: not where that happens often.
bool may_copy(const Batch& batch, std::size_t count) {
  return batch.kind == WriteKind::create && batch.call.table().columns() == nullptr && count >= least_copied &&
         batch.refused <= 2 + batch.copied / 4 && !batch.call.conduit->link().no_copy.load(std::memory_order_relaxed);
}

void append_field(std::string& out, std::string_view bytes) {
  append_int32(out, static_cast<std::int32_t>(bytes.size()));
  out += bytes;
}

// In front its length, which is known behind it.
void append_jsonb(std::string& out, const Json& json) {
  const std::size_t at = out.size();
  append_int32(out, 0);
  out += '\1';
  const bool empty = json.is_object() && json.empty();
  if (empty) {
    out += "{}";
  } else {
    core::append_json(out, json);
  }
  std::string length;
  append_int32(length, static_cast<std::int32_t>(out.size() - at - 4));
  out.replace(at, 4, length);
}

// Rows of COPY's binary format (https://www.postgresql.org/docs/15/sql-copy.html).
class BinaryRows {
 public:
  BinaryRows(const std::vector<Record>& records, std::size_t begin, std::size_t end)
      : records_(records), next_(begin), end_(end) {}

  std::string operator()() {
    std::string out;
    if (over_) return out;
    out.reserve(piece_bytes + piece_bytes / 4);
    if (!std::exchange(begun_, true)) out.append("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
    for (; next_ != end_ && out.size() < piece_bytes; ++next_) {
      append_int16(out, 3);
      append_field(out, records_[next_].id);
      append_jsonb(out, records_[next_].fields);
      append_jsonb(out, records_[next_].metadata);
    }
    over_ = next_ == end_;
    if (over_) append_int16(out, -1);
    return out;
  }

 private:
  static constexpr std::size_t piece_bytes = 64 * 1024;
  const std::vector<Record>& records_;
  std::size_t next_;
  const std::size_t end_;
  bool begun_ = false;
  bool over_ = false;
};

// Whether all of them are stored now. Otherwise none is, and which one the server refused is still to be found.
awaitable<bool> copy_range(Batch& batch, std::size_t begin, std::size_t end) {
  std::optional<Error> refused;
  try {
    CopySource rows = BinaryRows(batch.records, begin, end);
    co_await batch.call.conduit->copy_in(batch.call.statements().copy, std::move(rows), batch.call.deadline);
  } catch (const Error& error) {
    refused = error;
  }
  if (!refused) {
    ++batch.copied;
    for (std::size_t i = begin; i < end; ++i) batch.result.ids[i] = batch.records[i].id;
    co_return true;
  }
  if (refused->kind() == errc::unsupported) {
    batch.call.conduit->link().no_copy.store(true, std::memory_order_relaxed);
    co_return false;
  }
  if (!is_of_item(*refused) || batch.all_or_nothing) throw *refused;
  ++batch.refused;
  co_return false;
}

// About what a record takes on the wire, cheaply.
std::size_t weight(const Record& record) {
  std::size_t bytes = record.id.size() + 32;
  for (const auto& [key, value] : record.fields.items())
    bytes += key.size() + (value.is_string() ? value.get_ref<const std::string&>().size()
                                             : (value.is_structured() ? 256 * value.size() : 8));
  return bytes;
}

bool same_columns(const Json& a, const Json& b) {
  const auto* const left = a.get_ptr<const Json::object_t*>();
  const auto* const right = b.get_ptr<const Json::object_t*>();
  return left->size() == right->size() && std::equal(left->begin(), left->end(), right->begin(),
                                                     [](const auto& x, const auto& y) { return x.first == y.first; });
}

std::size_t chunk_end(const Call& call, WriteKind kind, const std::vector<Record>& records, std::size_t begin,
                      std::size_t most) {
  // Of an existing table: a column that is not given gets its default, so a statement is for one set of columns.
  const bool by_columns = call.table().columns() != nullptr && kind != WriteKind::remove;
  std::size_t bytes = 0;
  std::size_t end = begin;
  while (end < records.size() && end - begin < most && (bytes < most_chunk_bytes || end == begin)) {
    if (by_columns && !same_columns(records[begin].fields, records[end].fields)) break;
    bytes += weight(records[end++]);
  }
  return end;
}

std::size_t most_of(const BatchOptions& options) { return options.chunk() != 0 ? options.chunk() : default_chunk; }

}  // namespace

bool is_one_statement(const Call& call, WriteKind kind, const std::vector<Record>& records,
                      const BatchOptions& options) {
  if (kind == WriteKind::update || kind == WriteKind::patch) return false;
  return chunk_end(call, kind, records, 0, most_of(options)) == records.size();
}

namespace {

awaitable<void> write_ranges(Batch& batch, BatchOptions options) {
  const std::size_t most = most_of(options);
  for (std::size_t begin = 0; begin < batch.records.size();) {
    const std::size_t end = chunk_end(batch.call, batch.kind, batch.records, begin, most);
    bool stored = false;
    if (may_copy(batch, end - begin)) stored = co_await copy_range(batch, begin, end);
    if (!stored) co_await write_range(batch, begin, end);
    begin = end;
  }
  std::sort(batch.result.errors.begin(), batch.result.errors.end(),
            [](const ItemError& a, const ItemError& b) { return a.index < b.index; });
}

}  // namespace

awaitable<BatchResult> write_many(Call call, WriteKind kind, std::vector<Record> records, BatchOptions options) {
  Batch batch(call, kind, records, options);
  co_await write_ranges(batch, options);
  co_return std::move(batch.result);
}

awaitable<BatchResult> write_atomically(CallContext context, std::shared_ptr<TransactionConduit> transaction,
                                        WriteKind kind, std::vector<Record> records, BatchOptions options) {
  BatchResult result;
  const auto deadline = context.deadline;
  if (kind == WriteKind::update || kind == WriteKind::patch) {
    const auto inner = std::make_shared<PostgresBackendTransaction>(transaction, false);
    result = co_await inner->write_batch(std::move(context), kind, std::move(records), std::move(options));
  } else {
    const Call call(transaction, context);
    Batch batch(call, kind, records, options);
    batch.own = transaction;
    co_await write_ranges(batch, options);
    result = std::move(batch.result);
  }
  if (!transaction->ended()) co_await commit(transaction, deadline);
  co_return result;
}

}  // namespace weir::postgres
