// like, ilike, starts_with, contains, regex.

#include "conformance/suite.hpp"

namespace weir::conformance {

WEIR_RULES(Patterns);

namespace {

// Text under "v", its place in the list as the id: "00", "01", …
template <class... Text>
awaitable<void> store_texts(AsyncDatabase db, Text... text) {
  std::vector<std::string> texts;
  (texts.push_back(std::move(text)), ...);
  std::vector<Record> records;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Record one;
    one.id = (i < 10 ? "0" : "") + std::to_string(i);
    one.fields["v"] = texts[i];
    records.push_back(std::move(one));
  }
  return store(db, std::move(records));
}

awaitable<std::string> with(AsyncDatabase db, Operator op, std::string pattern) {
  return found(db, Query(Filter("v", op, std::move(pattern))));
}

}  // namespace

WEIR_RULE(Patterns, like, "like: % any run, _ one code point, \\x is x, whole string") {
  co_await store_texts(db, "", "a", "ab", "abc", "a%c", "a_c", "a\\c", "é", "😀", "a*c", "a?c", "a[b]c", "ABC", "a\nc",
                       "xabcx");
  EXPECT_EQ(co_await with(db, Operator::like, "a%"), "01 02 03 04 05 06 09 10 11 13");
  EXPECT_EQ(co_await with(db, Operator::like, "a_c"), "03 04 05 06 09 10 13");
  EXPECT_EQ(co_await with(db, Operator::like, "_"), "01 07 08");
  EXPECT_EQ(co_await with(db, Operator::like, "__"), "02");
  EXPECT_EQ(co_await with(db, Operator::like, ""), "00");
  EXPECT_EQ(co_await with(db, Operator::like, "%"), "00 01 02 03 04 05 06 07 08 09 10 11 12 13 14");
  EXPECT_EQ(co_await with(db, Operator::like, "%%"), "00 01 02 03 04 05 06 07 08 09 10 11 12 13 14");
  EXPECT_EQ(co_await with(db, Operator::like, "_%"), "01 02 03 04 05 06 07 08 09 10 11 12 13 14");
  EXPECT_EQ(co_await with(db, Operator::like, "a\\%c"), "04");
  EXPECT_EQ(co_await with(db, Operator::like, "a\\_c"), "05");
  EXPECT_EQ(co_await with(db, Operator::like, "a\\\\c"), "06");
  EXPECT_EQ(co_await with(db, Operator::like, "\\a\\b"), "02");
  EXPECT_EQ(co_await with(db, Operator::like, "a*c"), "09");
  EXPECT_EQ(co_await with(db, Operator::like, "a?c"), "10");
  EXPECT_EQ(co_await with(db, Operator::like, "a[b]c"), "11");
  EXPECT_EQ(co_await with(db, Operator::like, "%b%"), "02 03 11 14");
  EXPECT_EQ(co_await with(db, Operator::like, "abc"), "03");
  EXPECT_EQ(co_await with(db, Operator::not_like, "%a%"), "00 07 08 12");
}

WEIR_RULE(Patterns, trailing_backslash, "a trailing \\ is invalid_query") {
  for (const auto op : {Operator::like, Operator::not_like, Operator::ilike}) {
    const auto made = test::outcome_now([&] { Query query(Filter("v", op, "a\\")); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << to_string(op);
  }
  co_return;
}

WEIR_RULE(Patterns, ilike_folds_ascii, "ilike folds A-Z only") {
  co_await store_texts(db, "ABC", "abc", "aBc", "É", "é", "ÀBC", "ß", "SS", "K", "\u212A", "[", "{", "@", "`");
  EXPECT_EQ(co_await with(db, Operator::ilike, "abc"), "00 01 02");
  EXPECT_EQ(co_await with(db, Operator::ilike, "aB_"), "00 01 02");
  EXPECT_EQ(co_await with(db, Operator::ilike, "é"), "04");
  EXPECT_EQ(co_await with(db, Operator::ilike, "É"), "03");
  EXPECT_EQ(co_await with(db, Operator::ilike, "_bc"), "00 01 02 05");
  EXPECT_EQ(co_await with(db, Operator::ilike, "ss"), "07");
  EXPECT_EQ(co_await with(db, Operator::ilike, "k"), "08");
  EXPECT_EQ(co_await with(db, Operator::ilike, "["), "10");
  EXPECT_EQ(co_await with(db, Operator::ilike, "@"), "12");
  EXPECT_EQ(co_await with(db, Operator::ilike, "\\A%"), "00 01 02");
}

WEIR_RULE(Patterns, literal_text, "starts_with, contains (substring) take the text literally") {
  co_await store_texts(db, "a%b", "axb", "a_b", "a\\b", "xa%", "", "é%", "*a", "ab");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "a%"), "00");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "a_"), "02");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "a\\"), "03");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "é"), "06");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "*"), "07");
  EXPECT_EQ(co_await with(db, Operator::starts_with, ""), "00 01 02 03 04 05 06 07 08");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "ab"), "08");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "A"), "");
  EXPECT_EQ(co_await with(db, Operator::contains, "%"), "00 04 06");
  EXPECT_EQ(co_await with(db, Operator::contains, "_"), "02");
  EXPECT_EQ(co_await with(db, Operator::contains, "\\"), "03");
  EXPECT_EQ(co_await with(db, Operator::contains, "a%b"), "00");
  EXPECT_EQ(co_await with(db, Operator::contains, ""), "00 01 02 03 04 05 06 07 08");
  EXPECT_EQ(co_await with(db, Operator::contains, "B"), "");
}

WEIR_RULE(Patterns, newlines, "_ and the regex . match newlines too") {
  co_await store_texts(db, "a\nb", "a\r\nb", "\n", "a\u2028b", "ab");
  EXPECT_EQ(co_await with(db, Operator::like, "a_b"), "00 03");
  EXPECT_EQ(co_await with(db, Operator::like, "a%b"), "00 01 03 04");
  EXPECT_EQ(co_await with(db, Operator::ilike, "A_B"), "00 03");
  EXPECT_EQ(co_await with(db, Operator::regex, "a.b"), "00 03");
  EXPECT_EQ(co_await with(db, Operator::regex, "a.*b"), "00 01 03 04");
  EXPECT_EQ(co_await with(db, Operator::regex, "a[^x]b"), "00 03");
  EXPECT_EQ(co_await with(db, Operator::regex, "."), "02");
  EXPECT_EQ(co_await with(db, Operator::contains, "\nb"), "00 01");
  EXPECT_EQ(co_await with(db, Operator::starts_with, "a\n"), "00");
}

WEIR_RULE(Patterns, regex, "regex: whole string; literals, ., classes, * + ? {m,n}, |, groups") {
  co_await store_texts(db, "", "a", "b", "ab", "aab", "aaaa", "abab", "é", "😀", "a.b", "[", "^", "-", "\"", "#", "A",
                       "9", "a b", "\\", "$");
  EXPECT_EQ(co_await with(db, Operator::regex, "a"), "01");
  EXPECT_EQ(co_await with(db, Operator::regex, "a*"), "00 01 05");
  EXPECT_EQ(co_await with(db, Operator::regex, "a+b"), "03 04");
  EXPECT_EQ(co_await with(db, Operator::regex, "a?b"), "02 03");
  EXPECT_EQ(co_await with(db, Operator::regex, "a{4}"), "05");
  EXPECT_EQ(co_await with(db, Operator::regex, "a{1,2}b"), "03 04");
  EXPECT_EQ(co_await with(db, Operator::regex, "a{2,}"), "05");
  EXPECT_EQ(co_await with(db, Operator::regex, "a{0}b"), "02");
  EXPECT_EQ(co_await with(db, Operator::regex, "(ab)+"), "03 06");
  EXPECT_EQ(co_await with(db, Operator::regex, "a|b"), "01 02");
  EXPECT_EQ(co_await with(db, Operator::regex, "(a|b)*"), "00 01 02 03 04 05 06");
  EXPECT_EQ(co_await with(db, Operator::regex, "."), "01 02 07 08 10 11 12 13 14 15 16 18 19");
  EXPECT_EQ(co_await with(db, Operator::regex, "[a-zé]"), "01 02 07");
  EXPECT_EQ(co_await with(db, Operator::regex, "[^a-z]"), "07 08 10 11 12 13 14 15 16 18 19");
  EXPECT_EQ(co_await with(db, Operator::regex, "a\\.b"), "09");
  EXPECT_EQ(co_await with(db, Operator::regex, "a.b"), "04 09 17");
  EXPECT_EQ(co_await with(db, Operator::regex, "\\["), "10");
  EXPECT_EQ(co_await with(db, Operator::regex, "[\\[\\^\\-]"), "10 11 12");
  EXPECT_EQ(co_await with(db, Operator::regex, "\""), "13");
  EXPECT_EQ(co_await with(db, Operator::regex, "#"), "14");
  EXPECT_EQ(co_await with(db, Operator::regex, "\\\\"), "18");
  EXPECT_EQ(co_await with(db, Operator::regex, "\\$"), "19");
  EXPECT_EQ(co_await with(db, Operator::regex, "A"), "15");
  EXPECT_EQ(co_await with(db, Operator::regex, "[0-9]"), "16");
  EXPECT_EQ(co_await with(db, Operator::regex, "😀"), "08");
}

WEIR_RULE(Patterns, regex_refusals,
          "\\ only before ASCII punctuation; no empty alternative, no double or lazy quantifier, no ^ $ (? \\d \\w "
          "\\b; in a class "
          "escape [ ] ^ - & ~. Anything else is invalid_query") {
  for (const std::string bad :
       {"^a",      "a$",       "(?:a)",  "(?i)a", "\\d",  "\\w", "\\b",  "\\n",  "a**", "a+?",  "a*?",
        "a{2}{3}", "a|",       "|a",     "a||b",  "(",    ")",   "(a",   "a)",   "[",   "[]",   "[a",
        "a{256}",  "a{1,256}", "a{2,1}", "a{",    "a{x}", "*",   "+a",   "?",    "{2}", "(|a)", "()",
        "[z-a]",   "[a&&b]",   "[a[b]]", "[a~b]", "\\",   "\\é", "[a-]", "[-a]", "[^]"}) {
    const auto made = test::outcome_now([&] { Query query(field("v").regex(bad)); });
    EXPECT_TRUE(test::fails_with(made, errc::invalid_query)) << bad;
  }
  const auto too_long = test::outcome_now([&] { Query query(field("v").regex(std::string(1001, 'a'))); });
  EXPECT_TRUE(test::fails_with(too_long, errc::invalid_query));
  const auto limit = test::outcome_now([&] { Query query(field("v").regex(std::string(1000, 'a'))); });
  EXPECT_TRUE(test::succeeds(limit));
  co_return;
}

WEIR_RULE(Patterns, regex_is_linear, "Linear time on the client, always") {
  // A backtracking engine needs 2^2000 steps for this one.
  co_await store_texts(db, std::string(2000, 'x') + "y", std::string(2000, 'x'));
  const auto outcome = co_await outcome_of([&] { return with(db, Operator::regex, "(x|x+)+"); });
  if (test.licences().pattern_limits && outcome.is(errc::unsupported)) co_return;
  EXPECT_EQ(co_await with(db, Operator::regex, "(x|x+)+"), "01");
  EXPECT_EQ(co_await with(db, Operator::regex, "(x*)*y"), "00");
}

WEIR_RULE(Patterns, like_is_linear, "a pattern of many % on a long text") {
  co_await store_texts(db, std::string(5000, 'a'), std::string(5000, 'a') + "b");
  std::string pattern;
  for (int i = 0; i < 25; ++i) pattern += "%a";
  const auto outcome = co_await outcome_of([&] { return with(db, Operator::like, pattern + "%b"); });
  if (test.licences().pattern_limits && outcome.is(errc::unsupported)) co_return;
  EXPECT_EQ(co_await with(db, Operator::like, pattern + "%b"), "01");
}

WEIR_RULE(Patterns, long_texts, "patterns on long texts and long patterns") {
  const std::string text = std::string(3000, 'q') + "é" + std::string(3000, 'r');
  if (test.licences().one_type_per_path) test.skip("a store with an index limit refuses such strings or patterns");
  co_await store_texts(db, text, "short");
  EXPECT_EQ(co_await with(db, Operator::starts_with, text), "00");
  EXPECT_EQ(co_await with(db, Operator::contains, text.substr(10, 5000)), "00");
  EXPECT_EQ(co_await with(db, Operator::like, text), "00");
  EXPECT_EQ(co_await with(db, Operator::like, "%" + text.substr(100)), "00");
  EXPECT_EQ(co_await found(db, Query(field("v") == text)), "00");
}

}  // namespace weir::conformance
