#include "backends/postgresql/sql/table.hpp"

#include "backends/postgresql/sql/statements.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

#include <set>

namespace weir::postgres {
namespace {

TEST(PostgresTable, names_are_quoted) {
  EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("a\\b"), "E'a\\\\b'");
  const Table table("App", "My \"Table\"", {});
  EXPECT_EQ(table.quoted(), "\"App\".\"My \"\"Table\"\"\"");
  EXPECT_NE(TableStatements(table).read.find(table.quoted()), std::string::npos);
}

TEST(PostgresTable, names_that_the_server_would_cut_are_refused) {
  EXPECT_NO_THROW(Table("", std::string(63, 'x'), {}));
  EXPECT_THROW(Table("", std::string(64, 'x'), {}), Error);
  EXPECT_THROW(Table(std::string(64, 'x'), "t", {}), Error);
  EXPECT_THROW(Table("", "", {}), Error);
}

TEST(PostgresTable, index_names_fit_and_differ) {
  std::vector<std::string> paths;
  for (const char* end : {"a", "b", "c"}) paths.push_back(std::string(80, 'p') + end);
  paths.push_back("ü.ü");
  const Table table("", std::string(60, 't'), paths);
  std::set<std::string> names;
  for (const std::string& name : table.index_names()) {
    EXPECT_LE(name.size(), 63u);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 1 + 2 * paths.size());
}

TEST(PostgresTable, an_index_is_named_after_its_path) {
  const Table table("", "people", {"age", "address.city", "age"});
  EXPECT_EQ(table.indexes().size(), 2u);
  EXPECT_EQ(table.indexes()[0].value_index, "people_age_value");
  EXPECT_EQ(table.indexes()[1].text_index, "people_address.city_text");
  EXPECT_NE(table.index_of(Path::parse("address.city")), nullptr);
  EXPECT_EQ(table.index_of(Path::parse("address")), nullptr);
}

TEST(PostgresTable, one_lock_for_one_table) {
  EXPECT_EQ(Table("", "a", {}).lock_key(), Table("", "a", {"x"}).lock_key());
  EXPECT_NE(Table("", "a", {}).lock_key(), Table("", "b", {}).lock_key());
}

}  // namespace
}  // namespace weir::postgres
