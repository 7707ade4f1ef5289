#include "support.hpp"

#include <weir/pattern.hpp>

namespace weir::core::test {
namespace {

struct Row {
  std::string_view pattern;
  std::string_view text;
  bool expected;
};

// "`like`: `%` any run, `_` one code point, `\x` is x, whole string"
TEST(Like, RunsSinglesEscapesAndTheWholeString) {
  for (const Row& row : std::vector<Row>{{"", "", true},
                                         {"", "a", false},
                                         {"a", "a", true},
                                         {"a", "ab", false},
                                         {"a", "A", false},
                                         {"%", "", true},
                                         {"%", "abc", true},
                                         {"%%", "", true},
                                         {"a%", "a", true},
                                         {"a%", "ba", false},
                                         {"%a", "ba", true},
                                         {"%a", "ab", false},
                                         {"%a%", "xay", true},
                                         {"%a%", "xy", false},
                                         {"_", "", false},
                                         {"_", "a", true},
                                         {"_", "ab", false},
                                         {"_", "ü", true},
                                         {"_", "🙂", true},
                                         {"__", "🙂", false},
                                         {"_%", "", false},
                                         {"%_", "ab", true},
                                         {"%_%", "", false},
                                         {"%_%", "x", true},
                                         {"%__%", "x", false},
                                         {"a_c", "abc", true},
                                         {"a_c", "aüc", true},
                                         {"a_c", "ac", false},
                                         {R"(\%)", "%", true},
                                         {R"(\%)", "a", false},
                                         {R"(\_)", "_", true},
                                         {R"(\_)", "a", false},
                                         {R"(\\)", "\\", true},
                                         {R"(\a)", "a", true},
                                         {R"(\ü)", "ü", true},
                                         {"%ab%ab%", "abab", true},
                                         {"%ab%ab%", "aab", false},
                                         {"ab%ab", "ab", false},
                                         {"ab%ab", "abab", true},
                                         {"ab%b", "ab", false},
                                         {"%aab%", "aaab", true},
                                         {"%a_b%", "aaab", true},
                                         {"%a_b_%", "aab", false},
                                         {"%a_b_%", "aabb", true},
                                         {"%_a_b%", "xaxaxb", true},
                                         {"a%b%c", "axxbxxc", true},
                                         {"a%b%c", "axxcxxb", false},
                                         {"%a_%_b", "axyb", true},
                                         {"%a_%_b", "axb", false},
                                         {"*", "x", false},
                                         {"?", "x", false},
                                         {"[a]", "a", false},
                                         {".", "x", false},
                                         {"%.%", "x", false},
                                         {"x%_%_%y", "xaby", true},
                                         {"x%_%_%y", "xay", false},
                                         {"%🙂_", "a🙂ü", true},
                                         {"__%__", "abc", false},
                                         {"__%__", "äbcd", true}})
    EXPECT_EQ(LikePattern::parse(row.pattern).matches(row.text), row.expected) << row.pattern << " on " << row.text;
}

// "`_` and the regex `.` match newlines too"
TEST(Like, NewlinesAreCharacters) {
  EXPECT_TRUE(LikePattern::parse("a_b").matches("a\nb"));
  EXPECT_TRUE(LikePattern::parse("a%b").matches("a\n\r\nb"));
}

// "a trailing `\` is `invalid_query`"
TEST(Like, ATrailingBackslashIsAnInvalidQuery) {
  EXPECT_FAILURE(errc::invalid_query, "backslash", LikePattern::parse("a\\"));
  EXPECT_FAILURE(errc::invalid_query, "\"x\" like", field("x").like("\\"));
  EXPECT_FAILURE(errc::invalid_query, "\"x\" not_like", field("x").not_like("%\\\\\\"));
  EXPECT_FAILURE(errc::invalid_query, "\"x\" ilike", field("x").ilike("\\"));
}

// "`ilike` folds A–Z only."
TEST(Like, IlikeFoldsAsciiLettersOnly) {
  const auto ilike = [](std::string_view pattern, std::string_view text) {
    return LikePattern::parse(pattern, LikePattern::Case::fold_ascii).matches(text);
  };
  EXPECT_TRUE(ilike("ABC%", "abcdef"));
  EXPECT_TRUE(ilike("abc%", "ABCdef"));
  EXPECT_TRUE(ilike("%Z_", "xzY"));
  EXPECT_FALSE(ilike("É", "é"));
  EXPECT_TRUE(ilike("É", "É"));
  EXPECT_FALSE(ilike("[", "{")) << "only letters";
  EXPECT_FALSE(ilike("@", "`"));
  EXPECT_FALSE(ilike("K", "\u212A")) << "the Kelvin sign";
}

TEST(Like, ElementsAreThereForCompilers) {
  using Kind = LikePattern::Kind;
  const auto pattern = LikePattern::parse(R"(a\%b%%_%c)");
  std::vector<std::pair<Kind, std::string>> found;
  for (const auto& element : pattern.elements()) found.emplace_back(element.kind, element.text);
  EXPECT_EQ(
      found,
      (std::vector<std::pair<Kind, std::string>>{
          {Kind::text, "a%b"}, {Kind::any_run, ""}, {Kind::any_one, ""}, {Kind::any_run, ""}, {Kind::text, "c"}}));
  EXPECT_EQ(LikePattern::parse("A", LikePattern::Case::fold_ascii).elements().front().text, "a");
}

// A mixed run is tried at every place, so its length is bounded; anchored ones are not.
TEST(Like, MixedRunsAreBounded) {
  std::string mixed;
  for (int i = 0; i < 501; ++i) mixed += "a_";
  EXPECT_FAILURE(errc::invalid_query, "1000", LikePattern::parse("%" + mixed + "b%"));
  EXPECT_TRUE(LikePattern::parse(mixed + "%").matches(std::string(1002, 'a')));
  EXPECT_TRUE(LikePattern::parse("%" + mixed).matches(std::string(2000, 'a')));
  EXPECT_TRUE(LikePattern::parse("%" + std::string(5000, 'a') + "%").matches(std::string(6000, 'a')));
}

TEST(Like, TextThatIsNoUtf8IsSafe) {
  for (const std::string_view text : {"\xFF\xFE", "\x80\x80\x80", "a\xC3", "\xF0\x9F"})
    for (const std::string_view pattern : {"_", "__", "%_%", "%a_%", "a_", "%_a_%_"}) {
      const auto like = LikePattern::parse(pattern);
      EXPECT_EQ(like.matches(text), like.matches(std::string(text))) << pattern;
    }
}

// "`regex`: whole string, the subset that all stores share: literals, `.`, classes, `* + ? {m,n}` (counts ≤ 255), `|`,
// groups"
TEST(Regex, MatchesTheWholeString) {
  for (const Row& row : std::vector<Row>{{"a", "a", true},
                                         {"a", "ab", false},
                                         {"a", "ba", false},
                                         {"a*", "", true},
                                         {"a*", "aaa", true},
                                         {"a+", "", false},
                                         {"a?", "", true},
                                         {"a?", "aa", false},
                                         {"a{2}", "aa", true},
                                         {"a{2}", "aaa", false},
                                         {"a{2,}", "aaaa", true},
                                         {"a{2,}", "a", false},
                                         {"a{1,2}", "aa", true},
                                         {"a{1,2}", "aaa", false},
                                         {"a{0}", "", true},
                                         {"a|b", "b", true},
                                         {"a|bc", "ac", false},
                                         {"(a|b)c", "bc", true},
                                         {"(ab)+", "abab", true},
                                         {"(ab)+", "aba", false},
                                         {".", "ü", true},
                                         {".", "🙂", true},
                                         {".", "", false},
                                         {".*", "", true},
                                         {"[a-c]", "b", true},
                                         {"[a-c]", "d", false},
                                         {"[^a-c]", "d", true},
                                         {"[^a-c]", "a", false},
                                         {"[^a]", "ü", true},
                                         {"[ä-ü]", "ö", true},
                                         {"[🙂]", "🙂", true},
                                         {"[.]", "x", false},
                                         {"[.]", ".", true},
                                         {R"(\.)", ".", true},
                                         {R"(\.)", "x", false},
                                         {R"(\\)", "\\", true},
                                         {R"([\]\[\-])", "-", true},
                                         {R"([\^a])", "^", true},
                                         {R"([a\-z])", "m", false},
                                         {R"([+-\-])", ",", true},
                                         {"a-b", "a-b", true},
                                         {"a\"b", "a\"b", true},
                                         {"a#~&@<>b", "a#~&@<>b", true},
                                         {"[*|.()]", "|", true},
                                         {"((a)(b|c))*", "abac", true},
                                         {"a b", "a b", true},
                                         {"ü{2}", "üü", true},
                                         {R"(\{\}\^\$)", "{}^$", true},
                                         {"(a*)*", "aaa", true},
                                         {"(a|a?)+", "", true},
                                         {"[a-zA-Z_][a-z]*", "Abc", true},
                                         {R"([\&\~])", "~", true},
                                         {"['\"]", "\"", true}})
    EXPECT_EQ(Regex::parse(row.pattern).matches(row.text), row.expected) << row.pattern << " on " << row.text;
}

TEST(Regex, NewlinesAreCharacters) {
  EXPECT_TRUE(Regex::parse("a.b").matches("a\nb"));
  EXPECT_TRUE(Regex::parse("a[^x]b").matches("a\nb"));
  EXPECT_FALSE(Regex::parse("a").matches("a\n")) << "no end before a last newline";
  EXPECT_TRUE(Regex::parse("a\nb").matches("a\nb"));
}

// "at most 1,000 characters; `\` only before ASCII punctuation; no empty alternative, no double or lazy quantifier, no
// `^ $ (? \d \w \b`; in a class escape `[ ] ^ - & ~`. Anything else is `invalid_query`."
TEST(Regex, AnythingElseIsAnInvalidQuery) {
  for (const char* pattern :
       {"",      "|",     "a|",      "|a",    "a||b",  "()",          "(|a)",    "(a|)",     "a**",  "a+?",    "a??",
        "a*?",   "a{2}?", "a{2}{3}", "a+*",   "*",     "+a",          "?",       "{2}",      "(*a)", "a|*",    "^a",
        "a$",    "a^",    "(?:a)",   "(?i)a", "\\d",   "\\w",         "\\b",     "\\n",      "\\1",  "\\ ",    "\\",
        "a\\",   "\\ü",   "(a",      "a)",    "((a)",  "[",           "[a",      "[]",       "[^]",  "[]a]",   "[[a]",
        "[a-]",  "[-a]",  "[a-c-e]", "[c-a]", "[a&b]", "[a~]",        "[a^]",    "[\\d]",    "[a",   "[a\\",   "[a-",
        "a{",    "a{}",   "a{,3}",   "a{1",   "a{1,",  "a{2,1}",      "a{256}",  "a{1,256}", "a{x}", "a{1,x}", "a{1 }",
        "a{-1}", "a]",    "a}",      "]",     "}",     "[[:alpha:]]", "[a-\\d]", "(a|b"})
    EXPECT_FAILURE(errc::invalid_query, "expression", Regex::parse(pattern));
  EXPECT_FAILURE(errc::invalid_query, "UTF-8", Regex::parse("\xFF"));
  EXPECT_NO_THROW(Regex::parse("a{255}"));
  EXPECT_NO_THROW(Regex::parse("a{0,255}"));
  const std::string longest(1000, 'a');
  EXPECT_TRUE(Regex::parse(longest).matches(longest));
  std::string accents;
  for (int i = 0; i < 1000; ++i) accents += "é";
  EXPECT_TRUE(Regex::parse(accents).matches(accents)) << "characters, not bytes";
  EXPECT_FAILURE(errc::invalid_query, "1000", Regex::parse(longest + "a"));
  EXPECT_FAILURE(errc::invalid_query, "\"x.y\" regex", field("x.y").regex("a**"));
}

// "Linear time on the client, always."
TEST(Regex, TakesLinearTime) {
  std::string text(100'000, 'x');
  text += 'y';
  for (const char* pattern : {"(x|x+)+", "(x*)*", "(x+)+", "(x?){200}x*", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)z"})
    EXPECT_FALSE(Regex::parse(pattern).matches(text)) << pattern;  // a backtracking engine would not end
}

// "A pattern too complex for a store is `unsupported`", and our own engine is a store in this.
TEST(Regex, AnAutomatonTooLargeIsUnsupported) {
  const auto regex = Regex::parse("(((a{255}){255}){255})");
  EXPECT_FAILURE(errc::unsupported, "too large", regex.matches("a"));
  EXPECT_FAILURE(errc::unsupported, "too large", regex.matches("b"));  // every time
}

TEST(Regex, TheTreeIsThereForCompilers) {
  using Kind = RegexNode::Kind;
  const auto root = Regex::parse("a(b|[^c-d])*.{2,}").root();
  ASSERT_EQ(root.kind, Kind::sequence);
  ASSERT_EQ(root.children.size(), 3U);
  EXPECT_EQ(root.children[0].kind, Kind::character);
  EXPECT_EQ(root.children[0].character, U'a');
  const auto& star = root.children[1];
  ASSERT_EQ(star.kind, Kind::repeat);
  EXPECT_EQ(star.min, 0U);
  EXPECT_EQ(star.max, std::nullopt);
  const auto& either = star.children.at(0);
  ASSERT_EQ(either.kind, Kind::alternation);
  EXPECT_EQ(either.children.at(1).kind, Kind::char_class);
  EXPECT_TRUE(either.children.at(1).negated);
  EXPECT_EQ(either.children.at(1).ranges.at(0).first, U'c');
  EXPECT_EQ(either.children.at(1).ranges.at(0).last, U'd');
  EXPECT_EQ(root.children[2].min, 2U);
  EXPECT_EQ(root.children[2].children.at(0).kind, Kind::any);
}

}  // namespace
}  // namespace weir::core::test
