#include "api/write_preparation.hpp"

#include <gtest/gtest.h>

namespace weir::detail {
namespace {

std::vector<Record> records(std::initializer_list<std::string> ids) {
  std::vector<Record> made;
  for (const auto& id : ids) made.push_back(id_record(id));
  return made;
}

const std::string too_long(513, 'x');

TEST(BatchPreparation, gives_an_id_to_what_has_none) {
  BatchPreparation preparation(WriteKind::create, records({"", "b", ""}), {});
  ASSERT_EQ(preparation.records().size(), 3U);
  EXPECT_FALSE(preparation.records()[0].id.empty());
  EXPECT_LT(preparation.records()[0].id, preparation.records()[2].id);
}

TEST(BatchPreparation, stop_refuses_a_bad_record_before_anything_is_written) {
  try {
    BatchPreparation preparation(WriteKind::create, records({"a", too_long}), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), errc::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("item 1"), std::string::npos) << error.what();
  }
}

TEST(BatchPreparation, collect_puts_the_stores_answers_back_in_their_places) {
  const auto options = BatchOptions{}.on_error(OnError::collect);
  BatchPreparation preparation(WriteKind::create, records({too_long, "b", "c", too_long, "e"}), options);
  const auto left = preparation.take();
  ASSERT_EQ(left.size(), 3U);
  BatchResult answer;
  answer.ids = {"b", "", "e"};
  answer.errors.emplace_back(1, "c", Error(errc::already_exists, "stored"));
  const auto result = preparation.finish(std::move(answer));
  EXPECT_EQ(result.ids, (std::vector<std::string>{"", "b", "", "", "e"}));
  ASSERT_EQ(result.errors.size(), 3U);
  EXPECT_EQ(result.errors[0].index, 0U);
  EXPECT_EQ(result.errors[1].index, 2U);
  EXPECT_EQ(result.errors[1].error.kind(), errc::already_exists);
  EXPECT_EQ(result.errors[2].index, 3U);
  EXPECT_EQ(result.succeeded(), 2U);
}

TEST(BatchPreparation, all_or_nothing_cannot_collect) {
  const auto options = BatchOptions{}.on_error(OnError::collect).atomic(true);
  EXPECT_THROW(BatchPreparation(WriteKind::create, records({"a"}), options), Error);
}

TEST(BatchPreparation, a_remove_needs_ids_and_gives_none) {
  EXPECT_THROW(BatchPreparation(WriteKind::remove, records({""}), {}), Error);
}

TEST(Preparation, a_patch_is_an_object) {
  EXPECT_THROW(prepare(WriteKind::patch, patch_record("a", Json(3))), Error);
  EXPECT_NO_THROW(prepare(WriteKind::patch, patch_record("a", Json::object())));
}

}  // namespace
}  // namespace weir::detail
