#include "backends/postgresql/sql/statements.hpp"

namespace weir::postgres {
namespace {

std::string conditional(const std::string& change, const std::string& table) {
  return "WITH changed AS (" + change + " RETURNING 1) SELECT (SELECT count(*) FROM changed), EXISTS (SELECT 1 FROM " +
         table + " WHERE id = $1)";
}

}  // namespace

TableStatements::TableStatements(const Table& table) {
  const std::string& name = table.quoted();
  const std::string insert = "INSERT INTO " + name + " (id, fields, metadata) ";
  const std::string one = insert + "VALUES ($1, $2, $3)";
  const std::string many = insert + "SELECT * FROM unnest($1::text[], $2::jsonb[], $3::jsonb[])";
  // `excluded` has the next version already: the column's default was asked for it.
  const std::string replace =
      " ON CONFLICT (id) DO UPDATE SET fields = excluded.fields, metadata = excluded.metadata, version = "
      "excluded.version";
  const std::string change = "UPDATE " + name + " SET fields = $2, metadata = $3, version = DEFAULT WHERE id = $1";
  const std::string erase = "DELETE FROM " + name + " WHERE id = $1";
  read = "SELECT id, fields, metadata, version FROM " + name + " WHERE id = $1";
  exists = "SELECT EXISTS (SELECT 1 FROM " + name + " WHERE id = $1)";
  create = one + " ON CONFLICT (id) DO NOTHING";
  upsert = one + replace;
  update = change;
  remove = erase;
  update_if = conditional(change + " AND version = $4", name);
  remove_if = conditional(erase + " AND version = $2", name);
  read_many = "SELECT id, fields, metadata, version FROM " + name + " WHERE id = ANY($1)";
  create_many = many;
  create_absent = many + " ON CONFLICT (id) DO NOTHING RETURNING id";
  upsert_many = many + replace;
  remove_many = "DELETE FROM " + name + " WHERE id = ANY($1) RETURNING id";
  // to_regclass() sees what was committed a moment ago, the statement's snapshot may not: only what the catalogue's own
  // rows say belongs together (https://www.postgresql.org/docs/15/mvcc-caveats.html).
  look =
      "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1)), (SELECT count(*) FROM pg_attribute WHERE "
      "attrelid = to_regclass($1) AND NOT "
      "attisdropped AND (attname, atttypid) IN (('id', 25::oid), ('fields', 3802::oid), ('metadata', 3802::oid), "
      "('version', 20::oid))), (SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE "
      "indrelid "
      "= to_regclass($1) AND relname = ANY($2::text[]))";
}

}  // namespace weir::postgres
