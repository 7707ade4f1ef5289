// Another program in the middle of a write: takes the lock of FILE, says so on its output, and commits when its input
// ends.
#include <sqlite3.h>
#include <unistd.h>

#include <cstdio>

namespace {

int run(sqlite3* handle, const char* sql) {
  const int result = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) std::fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(handle));
  return result;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  sqlite3* handle = nullptr;
  if (sqlite3_open(arguments[1], &handle) != SQLITE_OK || run(handle, "BEGIN IMMEDIATE") != SQLITE_OK) return 1;
  if (::write(STDOUT_FILENO, "x", 1) != 1) return 1;
  char ignored = 0;
  while (::read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  const int result = run(handle, "COMMIT");
  sqlite3_close(handle);
  return result == SQLITE_OK ? 0 : 1;
}
