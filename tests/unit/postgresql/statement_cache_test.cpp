#include "backends/postgresql/sql/statement_cache.hpp"

#include <gtest/gtest.h>

namespace weir::postgres {
namespace {

using Form = StatementCache::Form;

TEST(StatementCache, prepared_once_then_named) {
  StatementCache cache(2);
  const auto first = cache.use("a", true);
  EXPECT_EQ(first.form, Form::prepare);
  EXPECT_EQ(cache.use("a", true).form, Form::unnamed) << "until its Parse was answered";
  cache.prepared(first.entry);
  cache.finished(first.entry);
  const auto second = cache.use("a", true);
  EXPECT_EQ(second.form, Form::named);
  EXPECT_EQ(second.entry->name, first.entry->name);
}

TEST(StatementCache, a_text_for_one_call_is_not_kept) {
  StatementCache cache(2);
  EXPECT_EQ(cache.use("a", false).form, Form::unnamed);
  EXPECT_EQ(cache.use(std::string(20'000, 'x'), true).form, Form::unnamed);
  EXPECT_EQ(cache.size(), 0u);
  StatementCache none(0);
  EXPECT_EQ(none.use("a", true).form, Form::unnamed);
}

TEST(StatementCache, the_least_recently_used_makes_room_unless_it_is_in_use) {
  StatementCache cache(2);
  const auto a = cache.use("a", true);
  const auto b = cache.use("b", true);
  cache.prepared(a.entry);
  cache.prepared(b.entry);
  EXPECT_EQ(cache.use("c", true).form, Form::unnamed) << "both are executing";
  cache.finished(b.entry);
  const auto c = cache.use("c", true);
  EXPECT_EQ(c.form, Form::prepare);
  EXPECT_EQ(cache.take_displaced(), std::vector{b.entry->name});
  EXPECT_TRUE(cache.take_displaced().empty());
  EXPECT_EQ(b.entry->state, PreparedStatement::State::dropped);
  EXPECT_EQ(cache.use("a", true).form, Form::named);
}

TEST(StatementCache, names_are_never_used_again) {
  StatementCache cache(8);
  const auto first = cache.use("a", true);
  cache.drop(first.entry);
  cache.prepared(first.entry);
  EXPECT_EQ(first.entry->state, PreparedStatement::State::dropped) << "a late answer brings nothing back";
  const auto again = cache.use("a", true);
  EXPECT_EQ(again.form, Form::prepare);
  EXPECT_NE(again.entry->name, first.entry->name);
  cache.drop(first.entry);
  EXPECT_EQ(cache.size(), 1u) << "dropping the old one leaves the new one";
  cache.clear();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_NE(cache.use("a", true).entry->name, again.entry->name);
}

}  // namespace
}  // namespace weir::postgres
