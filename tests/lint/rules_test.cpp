// The rules themselves: each finds what it is for, and lets pass what is right.
#include "lint/coroutine_rules.hpp"
#include "lint/layer_rules.hpp"
#include "lint/source_text.hpp"
#include "lint/text_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::lint {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

SourceFile body(const std::string& statements) {
  return {"src/a.cpp", "awaitable<void> go() {\n" + statements + "\n}\n"};
}

std::vector<Finding> coroutine_findings(const std::string& statements) {
  return check_coroutine_rules(body(statements), {"Plain"});
}

class Refused : public testing::TestWithParam<const char*> {};

TEST_P(Refused, IsFound) { EXPECT_THAT(coroutine_findings(GetParam()), Not(IsEmpty())) << GetParam(); }

INSTANTIATE_TEST_SUITE_P(
    Coroutines, Refused,
    testing::Values("co_await f({.index = x});", "co_await f(Options{.index = x});", "Options o{.a = co_await x()};",
                    "auto a = c ? co_await f() : b;", "co_await g(c ? b : co_await f());",
                    "return c ? (co_await f()) : b;", "co_await f([s] { return s; });", "co_await f([=] {});",
                    "co_await f([a, &b] {});",
                    "co_await f([s = std::move(s)]() mutable -> awaitable<void> { co_await g(s); });",
                    "co_await copy(a, Query{}, b, CopyOptions{}.transform([tag](Record r) { return r; }));",
                    "if (co_await f([s] { return s; })) {}", "if (co_await f()) g();", "if (!co_await f()) { g(); }",
                    "for (;;) { if (a && (co_await f()).b) co_return; }",
                    "co_await x();\n auto l = [&]() -> awaitable<int> { if (co_await f()) co_return 1; co_return 2; };",
                    "if (co_await f()) co_spawn(ex, [&]() -> awaitable<void> { co_await f(); }, detached);",
                    "for (auto x : co_await f({1, 2})) {}", "co_await f({\"a\", \"b\"});", "co_await f(x, {1, 2});",
                    "auto r = co_await f(Json{{\"k\", 1}});", "co_await f(Plain{1, 2});", "co_await f(Plain{});",
                    "co_await f(std::array<std::string, 2>{a, b});", "if (x) co_await f({.a = 1});",
                    "while (auto r = co_await s.next({.a = 1})) use(r);", "EXPECT_EQ(co_await f({.a = 1}), 3);",
                    "co_spawn(ex, [x]() -> awaitable<void> { co_await f(x); }(), detached);",
                    "auto l = [&]() -> awaitable<int> { co_return co_await f({.a = 1}); };",
                    "x = 3;\n auto y = co_await f(\n    a,\n    [b](int) { return b; });"));

class Accepted : public testing::TestWithParam<const char*> {};

TEST_P(Accepted, IsLetPass) {
  const auto findings = coroutine_findings(GetParam());
  EXPECT_THAT(findings, IsEmpty()) << describe(findings);
}

INSTANTIATE_TEST_SUITE_P(
    Coroutines, Accepted,
    testing::Values("co_await f(Options{}.index(x).timeout(2s));", "auto o = Options{.index = x};\nco_await f(o);",
                    "auto a = c ? 1 : 2;\nco_await f(a);", "if (c ? a : b) { co_await f(); }",
                    "auto x = co_await f() ? 1 : 2;", "co_await f([&] { return s; });", "co_await f([] { return 1; });",
                    "co_await f([this] { return s_; });", "auto l = [s] { return s; };\nco_await f(l);",
                    "auto l = [s]() -> awaitable<void> { co_await g(s); };\nco_await l();",
                    "for (auto& x : {1, 2}) { co_await f(x); }", "std::vector<int> v{1, 2};\nco_await f(v);",
                    "try { co_await f(); } catch (const Error& e) { report({e}); }", "co_await f(std::string{\"a\"});",
                    "// co_await f({.a = 1});", "log(\"co_await f({.a = 1})\");", "while (co_await f()) { g({1, 2}); }",
                    "co_await x();\n if (co_await f()) g({.a = 1}); else h({.b = 2});",
                    "if (co_await f()) co_await g();", "const bool well = co_await f();\n if (well) g();",
                    "if (co_await f() && co_await g()) h();", "if (auto x = 1; co_await f(x)) { co_await g(); }",
                    "co_await f(a[{1}]);\n g({1});", "switch (co_await f()) { case 1: { g({2}); break; } }",
                    "co_spawn(ex, [&]() -> awaitable<void> { co_await f(); }, detached);",
                    "co_await asio::async_initiate([&](auto h) { g({1}); h(c ? 1 : 2); }, token);"));

TEST(Coroutines, AggregatesAreRecognised) {
  const std::vector<SourceFile> files{
      {"a.hpp",
       "struct Plain { int a; std::string b; };\nstruct Tag {};\nstruct Made { Made(int); int a; };\n"
       "struct Base { virtual ~Base(); int a; };\nstruct Forward;\nclass C { int a; };\n"
       "struct Function { void operator()(int a) const { int b = a; } };\n"
       "struct Both { bool ready() const; std::vector<int> values{}; };"}};
  EXPECT_THAT(find_aggregates(files), testing::ElementsAre("Both", "Plain"));
}

TEST(SourceText, CommentsAndLiteralsBecomeSpaces) {
  EXPECT_EQ(blank_comments_and_literals("a // b\nc"), "a     \nc");
  EXPECT_EQ(blank_comments_and_literals("a /* b\nc */ d"), "a     \n     d");
  EXPECT_EQ(blank_comments_and_literals(R"(f("x\"y", 'z', 1'000))"), R"(f("    ", ' ', 1'000))");
  EXPECT_EQ(blank_comments_and_literals("R\"x(a\n\")x\" b"), "R\"   \n   \" b");
}

TEST(Layers, APureFileIncludesNoAsioEvenThroughAHeader) {
  const SourceFile pure{"src/core/a.cpp", "#include \"core/a.hpp\"\n"};
  const SourceFile header{"src/core/a.hpp", "#include <weir/awaitable.hpp>\n"};
  const SourceFile awaitable{"include/weir/awaitable.hpp", "#include <boost/asio/awaitable.hpp>\n"};
  EXPECT_THAT(check_pure_files({pure, header, awaitable}), SizeIs(2));
  EXPECT_THAT(check_pure_files({pure}), IsEmpty());
  EXPECT_THAT(check_pure_files({{"src/core/a.cpp", "auto t = std::chrono::steady_clock::now();"}}), SizeIs(1));
  EXPECT_THAT(check_pure_files({{"src/net/a.cpp", "#include <boost/asio/ip/tcp.hpp>\n"}}), IsEmpty());
}

TEST(Layers, ArrowsPointDown) {
  const SourceFile api{"src/api/a.hpp", ""};
  EXPECT_THAT(check_layers({api, {"src/core/b.cpp", "#include \"api/a.hpp\"\n"}}), SizeIs(1));
  EXPECT_THAT(check_layers({api, {"src/cli/b.cpp", "#include \"api/a.hpp\"\n"}}), IsEmpty());
}

TEST(Layers, BeastStaysInNet) {
  const std::string text = "#include <boost/beast/http.hpp>\n";
  EXPECT_THAT(check_beast_stays_in_net({{"src/api/a.cpp", text}}), SizeIs(1));
  EXPECT_THAT(check_beast_stays_in_net({{"src/net/a.cpp", text}}), IsEmpty());
}

TEST(Words, UnfinishedWorkAndMachinePathsAreFound) {
  EXPECT_THAT(check_words({{"src/a.cpp", std::string("// TO") + "DO: later"}}), SizeIs(1));
  EXPECT_THAT(check_words({{"docs/a.md", std::string("see /wo") + "rk/x"}}), SizeIs(1));
  EXPECT_THAT(check_words({{"src/a.cpp", "// to do with it; a networked one"}}), IsEmpty());
}

TEST(Sleeping, IsFoundInCodeAndNotInComments) {
  EXPECT_THAT(check_sleeping({{"tests/a.cpp", std::string("std::this_thread::sleep") + "_for(1s);"}}), SizeIs(1));
  EXPECT_THAT(check_sleeping({{"tests/a.cpp", "// never sleep"}}), IsEmpty());
}

TEST(Errors, AnEmptyHandlerHasToSayWhy) {
  EXPECT_THAT(check_swallowed_errors({{"src/a.cpp", "try { f(); } catch (...) {\n}"}}), SizeIs(1));
  EXPECT_THAT(check_swallowed_errors({{"src/a.cpp", "try { f(); } catch (...) {\n // closing twice is no error\n}"}}),
              IsEmpty());
  EXPECT_THAT(check_swallowed_errors({{"src/a.cpp", "try { f(); } catch (...) { log(); }"}}), IsEmpty());
}

TEST(Sizes, LongFilesAreFound) {
  EXPECT_THAT(check_file_sizes({{"src/a.cpp", std::string(401, '\n')}}, 400), SizeIs(1));
  EXPECT_THAT(check_file_sizes({{"src/a.cpp", std::string(400, '\n')}}, 400), IsEmpty());
}

}  // namespace
}  // namespace weir::lint
