#include "backends/sqlite/memory_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::sqlite {
namespace {

TEST(MemoryFile, content_over_several_chunks) {
  MemoryFile file;
  const std::string text(200'000, 'x');
  file.write(text.data(), text.size(), 100'000);
  EXPECT_EQ(file.size(), 300'000U);
  std::string back(250'000, '?');
  EXPECT_EQ(file.read(back.data(), back.size(), 60'000), 240'000U);
  EXPECT_EQ(back.substr(0, 40'000), std::string(40'000, '\0'));
  EXPECT_EQ(back.substr(40'000, 200'000), text);
  EXPECT_EQ(back.substr(240'000), std::string(10'000, '\0'));
  file.truncate(150'001);
  file.write("y", 1, 150'010);
  char hole[10];
  EXPECT_EQ(file.read(hole, sizeof hole, 150'000), 10U);
  EXPECT_EQ(std::string(hole, 10), "x" + std::string(9, '\0'));
}

TEST(MemoryFile, locks_as_sqlite_means_them) {
  MemoryFile file;
  FileLock a = FileLock::none;
  FileLock b = FileLock::none;
  EXPECT_TRUE(file.lock(a, FileLock::shared));
  EXPECT_TRUE(file.lock(b, FileLock::shared));
  EXPECT_TRUE(file.lock(a, FileLock::reserved));
  EXPECT_FALSE(file.lock(b, FileLock::reserved));
  EXPECT_TRUE(file.reserved());
  EXPECT_FALSE(file.lock(a, FileLock::exclusive));  // b still reads
  EXPECT_EQ(a, FileLock::pending);
  FileLock c = FileLock::none;
  EXPECT_FALSE(file.lock(c, FileLock::shared));  // and nobody new may
  file.unlock(b, FileLock::none);
  EXPECT_TRUE(file.lock(a, FileLock::exclusive));
  EXPECT_FALSE(file.lock(c, FileLock::shared));
  file.unlock(a, FileLock::shared);
  EXPECT_TRUE(file.lock(c, FileLock::shared));
  file.unlock(a, FileLock::none);
  file.unlock(c, FileLock::none);
  EXPECT_FALSE(file.reserved());
}

TEST(MemoryFile, slots_of_the_shared_memory) {
  MemoryFile file;
  unsigned a_shared = 0;
  unsigned a_exclusive = 0;
  unsigned b_shared = 0;
  unsigned b_exclusive = 0;
  EXPECT_TRUE(file.lock_slots(3, 1, false, a_shared, a_exclusive));
  EXPECT_TRUE(file.lock_slots(3, 1, false, b_shared, b_exclusive));
  EXPECT_FALSE(file.lock_slots(2, 3, true, b_shared, b_exclusive));
  file.unlock_slots(3, 1, a_shared, a_exclusive);
  file.unlock_slots(3, 1, b_shared, b_exclusive);
  EXPECT_TRUE(file.lock_slots(2, 3, true, b_shared, b_exclusive));
  EXPECT_FALSE(file.lock_slots(4, 1, false, a_shared, a_exclusive));
  file.unlock_slots(2, 3, b_shared, b_exclusive);
  EXPECT_TRUE(file.lock_slots(4, 1, true, a_shared, a_exclusive));
}

}  // namespace
}  // namespace weir::sqlite
