#include "cli/tool.hpp"

#include <csignal>

// What people see: tables, bars and colours on a terminal, none of them in a pipe.

namespace weir::cli::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class OnATerminal : public ToolTest {
 protected:
  ProcessOptions terminal(unsigned columns = 80, std::map<std::string, std::string> environment = {}) {
    ProcessOptions options;
    options.terminal_columns = columns;
    options.environment = std::move(environment);
    options.environment.emplace("TERM", "xterm-256color");
    options.environment.emplace("NO_COLOR", "");
    return options;
  }
};

TEST_F(OnATerminal, SearchPrintsATableAndAPipeGetsLines) {
  ASSERT_EQ(weir({"put", database(), "--flat"}, "{\"id\":\"1\",\"name\":\"Ann\",\"age\":34}\n").code, 0);
  const auto table = weir({"search", database()}, {}, terminal());
  EXPECT_EQ(table.code, 0);
  EXPECT_THAT(table.out, HasSubstr("\x1b[1mid  age  name\x1b[0m"));
  EXPECT_THAT(table.out, HasSubstr("1    34  Ann"));
  const auto plain = weir({"search", database()}, {}, terminal(80, {{"NO_COLOR", "1"}}));
  EXPECT_THAT(plain.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(plain.out, HasSubstr("id  age  name"));
  const auto asked = weir({"search", database(), "--format", "jsonl", "--flat"}, {}, terminal());
  EXPECT_THAT(asked.out, HasSubstr("{\"id\":\"1\",\"age\":34,\"name\":\"Ann\"}"));
  EXPECT_THAT(weir({"search", database()}).out, testing::StartsWith("{\"id\":"));
  EXPECT_THAT(weir({"search", database(), "-w", "age = 1"}, {}, terminal()).out, HasSubstr("no records"));
  EXPECT_THAT(weir({"ping", database()}, {}, terminal()).out, HasSubstr("answers in"));
}

TEST_F(OnATerminal, ALongJobHasABarWithRateAndTimeLeft) {
  const auto input = file("in.jsonl", numbered(0, 100'000));
  const auto shown = weir({"import", database(), input, "--flat", "--chunk", "100"}, {}, terminal(100));
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("\r["));
  EXPECT_THAT(shown.out, HasSubstr("/s"));
  EXPECT_THAT(shown.out, HasSubstr(" left"));
  EXPECT_THAT(shown.out, HasSubstr("100,000 records written"));
  const auto quiet = weir({"import", database("q.db"), input, "--flat", "--quiet"}, {}, terminal());
  EXPECT_EQ(quiet.out, "");
  const auto piped = weir({"import", database("p.db"), input, "--flat"});
  EXPECT_THAT(piped.err, Not(HasSubstr("\r")));
  EXPECT_THAT(piped.err, Not(HasSubstr("\x1b")));
}

TEST_F(OnATerminal, ErrorsAreRedOnlyWhereColourIsWanted) {
  EXPECT_THAT(weir({"get", database()}, {}, terminal()).out, HasSubstr("\x1b[1;31mweir: "));
  EXPECT_THAT(weir({"get", database()}, {}, terminal(80, {{"NO_COLOR", "1"}})).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(weir({"get", database()}, {}, terminal(80, {{"TERM", "dumb"}})).out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace weir::cli::test
