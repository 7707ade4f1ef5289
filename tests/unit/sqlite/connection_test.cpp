// What an interrupt leaves behind: nothing.

#include "backends/sqlite/connection.hpp"

#include "backends/sqlite/operations.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace weir::sqlite {
namespace {

std::unique_ptr<Connection> in_memory() {
  ConnectionSettings settings;
  settings.path = ":memory:";
  settings.journal_mode = "memory";
  return std::make_unique<Connection>(settings, nullptr);
}

// SQLite asks at the end of BEGIN, too, when it has been done. Where in the statement it asks depends on what was run
// before.
TEST(Limits, that_pass_in_any_step_leave_no_transaction) {
  const auto connection = in_memory();
  bool over = false;
  for (int round = 0; round < 400; ++round) {
    bool passed = false;
    try {
      const StatementLimit limit(*connection, 7, [&over] { return over; }, passed);
      over = round % 2 == 1;
      in_snapshot(*connection, [&] {
        StatementUse one(*connection, "SELECT 1");
        return one->step();
      });
    } catch (const Error&) {
      EXPECT_TRUE(passed);
    }
    EXPECT_FALSE(connection->in_transaction()) << "round " << round;
    over = false;
    connection->roll_back();
  }
}

TEST(Limits, that_are_late_do_not_keep_a_transaction_open) {
  const auto connection = in_memory();
  for (int at = 1; at < 12; ++at) {
    connection->execute("BEGIN");
    int asked = 0;
    struct Once {
      int& asked;
      int at;
    } once{asked, at};
    sqlite3_progress_handler(
        connection->raw(), 1,
        [](void* p) { return ++static_cast<Once*>(p)->asked == static_cast<Once*>(p)->at ? 1 : 0; }, &once);
    connection->roll_back();
    sqlite3_progress_handler(connection->raw(), 0, nullptr, nullptr);
    EXPECT_FALSE(connection->in_transaction()) << "interrupted at its step " << at;
    connection->roll_back();
  }
}

}  // namespace
}  // namespace weir::sqlite
