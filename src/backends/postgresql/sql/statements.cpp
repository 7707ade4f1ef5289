#include "backends/postgresql/sql/statements.hpp"

#include "backends/postgresql/sql/column_map.hpp"

namespace weir::postgres {
namespace {

// to_regclass() sees what was committed a moment ago, the statement's snapshot may not: only what the catalogue's own
// rows say belongs together (https://www.postgresql.org/docs/15/mvcc-caveats.html).
constexpr const char* look_at_documents =
    "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1)), (SELECT count(*) FROM pg_attribute WHERE "
    "attrelid = to_regclass($1) AND NOT attisdropped AND (attname, atttypid) IN (('id', 25::oid), ('fields', "
    "3802::oid), ('metadata', 3802::oid), ('version', 20::oid))), (SELECT count(*) FROM pg_index JOIN pg_class ON "
    "pg_class.oid = indexrelid WHERE indrelid = to_regclass($1) AND relname = ANY($2::text[])), (SELECT count(*) FROM "
    "pg_class WHERE oid = "
    "to_regclass($1) AND (relhasrules OR relrowsecurity))";

// A domain stands for what it is made of. An identity and a stored expression are known by a letter.
constexpr const char* look_at_columns =
    "SELECT c.relkind::text, a.attname::text, format_type(a.atttypid, a.atttypmod), b.oid::int8, b.typtype::text, "
    "coalesce(e.oid::int8, 0), coalesce(e.typtype::text, ''), CASE y.typtype WHEN 'd' THEN y.typtypmod ELSE "
    "a.atttypmod "
    "END::int8, a.attgenerated::text, a.attidentity::text, coalesce(l.collisdeterministic, true), CASE WHEN "
    "a.attnotnull THEN coalesce((SELECT n.relname::text FROM pg_index u JOIN pg_class n ON n.oid = u.indexrelid WHERE "
    "u.indrelid = c.oid AND u.indisunique AND u.indisvalid AND u.indimmediate AND u.indpred IS NULL AND u.indexprs IS "
    "NULL AND u.indnkeyatts = 1 AND u.indkey[0] = a.attnum ORDER BY u.indisprimary DESC LIMIT 1), '') ELSE '' END, "
    "EXISTS (SELECT FROM pg_index p WHERE p.indrelid = c.oid AND p.indisprimary AND a.attnum = ANY "
    "((p.indkey::int2[])[0:p.indnkeyatts - "
    "1])) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type y ON y.oid = a.atttypid JOIN pg_type "
    "b ON b.oid = CASE y.typtype WHEN 'd' THEN y.typbasetype ELSE y.oid END LEFT JOIN pg_type e ON e.oid = b.typelem "
    "AND b.typcategory = 'A' LEFT JOIN pg_collation l ON l.oid = a.attcollation WHERE c.oid = to_regclass($1) AND "
    "a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

}  // namespace

std::string conditional_change(const std::string& change, const Table& table) {
  return "WITH changed AS (" + change + " RETURNING 1) SELECT (SELECT count(*) FROM changed), EXISTS (SELECT 1 FROM " +
         table.from() + " WHERE " + table.row_of_id() + ")";
}

TableStatements::TableStatements(const Table& table) {
  const std::string& name = table.from();
  const std::string select = "SELECT " + table.selected() + " FROM " + name;
  const std::string row = table.row_of_id();
  const std::string erase = "DELETE FROM " + name + " WHERE " + row;
  read = select + " WHERE " + row;
  exists = "SELECT EXISTS (SELECT 1 FROM " + name + " WHERE " + row + ")";
  remove = erase;
  if (const ColumnMap* const columns = table.columns()) {
    remove_if = conditional_change(erase + " AND " + columns->version() + " = $2", table);
    read_many = select + " WHERE " + columns->rows_of_ids();
    remove_many = "DELETE FROM " + name + " WHERE " + columns->rows_of_ids() + " RETURNING " + table.id();
    return;
  }
  const std::string insert = "INSERT INTO " + name + " (id, fields, metadata) ";
  const std::string one = insert + "VALUES ($1, $2, $3)";
  const std::string many = insert + "SELECT * FROM unnest($1::text[], $2::jsonb[], $3::jsonb[])";
  // `excluded` has the next version already: the column's default was asked for it.
  const std::string replace =
      " ON CONFLICT (id) DO UPDATE SET fields = excluded.fields, metadata = excluded.metadata, version = "
      "excluded.version";
  const std::string change = "UPDATE " + name + " SET fields = $2, metadata = $3, version = DEFAULT WHERE id = $1";
  create = one + " ON CONFLICT (id) DO NOTHING";
  upsert = one + replace;
  update = change;
  update_if = conditional_change(change + " AND version = $4", table);
  remove_if = conditional_change(erase + " AND version = $2", table);
  read_many = select + " WHERE id = ANY($1)";
  create_many = many;
  copy = "COPY " + name + " (id, fields, metadata) FROM STDIN (FORMAT binary)";
  create_absent = many + " ON CONFLICT (id) DO NOTHING RETURNING id";
  upsert_many = many + replace;
  remove_many = "DELETE FROM " + name + " WHERE id = ANY($1) RETURNING id";
  look = look_at_documents;
}

const char* columns_of_a_table() noexcept { return look_at_columns; }

}  // namespace weir::postgres
