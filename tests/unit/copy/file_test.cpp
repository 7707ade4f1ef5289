#include "api/copy_file.hpp"
#include "unit/copy/scratch_folder.hpp"

#include <weir/error.hpp>

#include <gtest/gtest.h>

namespace {

using weir::errc;
using weir::detail::read_small_file;
using weir::detail::remove_file;
using weir::detail::replace_file;
using weir::test::ScratchFolder;

TEST(CopyFile, is_replaced_as_a_whole) {
  const ScratchFolder folder;
  const auto path = folder.file("copy.json");
  EXPECT_EQ(read_small_file(path), std::nullopt);
  replace_file(path, "one");
  EXPECT_EQ(read_small_file(path), "one");
  const std::string large(300000, 'x');
  replace_file(path, large);
  EXPECT_EQ(read_small_file(path), large);
  replace_file(path, "");
  EXPECT_EQ(read_small_file(path), "");
  EXPECT_EQ(folder.entries(), 1U) << "nothing is left beside it";
}

TEST(CopyFile, what_a_crash_left_beside_it_does_no_harm) {
  const ScratchFolder folder;
  const auto path = folder.file("copy.json");
  weir::test::write_file(path + ".new", "half a checkpo");
  replace_file(path, "whole");
  EXPECT_EQ(read_small_file(path), "whole");
  weir::test::write_file(path + ".new", "half");
  remove_file(path);
  EXPECT_EQ(folder.entries(), 0U);
  EXPECT_NO_THROW(remove_file(path)) << "twice is as good as once";
}

TEST(CopyFile, a_folder_that_is_not_there_is_named) {
  const ScratchFolder folder;
  const auto path = folder.file("no such folder/copy.json");
  EXPECT_EQ(read_small_file(path), std::nullopt);
  try {
    replace_file(path, "x");
    FAIL();
  } catch (const weir::Error& error) {
    EXPECT_EQ(error.kind(), errc::not_found);
    EXPECT_NE(std::string(error.what()).find("no such folder"), std::string::npos);
  }
}

TEST(CopyFile, a_full_disk_is_named) {
  try {
    weir::detail::replace_file("/dev/full/x", "x");
    FAIL();
  } catch (const weir::Error& error) {
    EXPECT_EQ(error.kind(), errc::not_found) << "a device is no folder";
  }
  EXPECT_THROW(read_small_file("/dev"), weir::Error) << "a folder is no file";
}

}  // namespace
