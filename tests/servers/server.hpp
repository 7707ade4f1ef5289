#pragma once

// A real server, started by a script of this folder.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// What a script printed: its settings, or why the server could not be started.
class Server {
 public:
  /// Runs `tests/servers/KIND/KIND start ARGUMENTS…`; a server that runs already is left as it is. Once per process and
  /// set of arguments. Each build tree has servers of its own.
  static const Server& start(const std::string& kind, const std::vector<std::string>& arguments = {});

  bool running() const noexcept { return why_not_.empty(); }
  /// Why it does not run.
  const std::string& why_not() const noexcept { return why_not_; }
  /// A setting such as POSTGRES_URL; empty when the script gave none.
  std::string setting(const std::string& name) const;

  /// Another command of the script, such as `stop-part primary`; what it printed. Throws std::runtime_error when it
  /// fails.
  std::string command(const std::vector<std::string>& words) const;

  /// Whether a missing server is a failure (CI=true) instead of a reason to skip.
  static bool is_required();

 private:
  std::string kind_;
  std::string name_;
  std::string why_not_;
  std::map<std::string, std::string> settings_;
};

}  // namespace weir::test

/// Ends a test whose server does not run: skipped, or failed where CI=true.
#define WEIR_NEED_SERVER(server)                                             \
  do {                                                                       \
    if (!(server).running()) {                                               \
      if (::weir::test::Server::is_required()) FAIL() << (server).why_not(); \
      GTEST_SKIP() << (server).why_not();                                    \
    }                                                                        \
  } while (false)
