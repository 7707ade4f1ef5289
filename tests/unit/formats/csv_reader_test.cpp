#include "cli/formats/csv_reader.hpp"

#include "unit/formats/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Json> values(const char* text) { return Json::parse(text).get<std::vector<Json>>(); }

TEST(CsvReader, ReadsRowsAsObjects) {
  const struct {
    std::string text;
    const char* expected;
  } cases[] = {
      {"id,name,age\n1,Ann,30\n2,Bob,\n", R"([{"id":"1","name":"Ann","age":30},{"id":"2","name":"Bob"}])"},
      {"\xEF\xBB\xBFname,age\r\nAnn,30\r\nBob,31", R"([{"name":"Ann","age":30},{"name":"Bob","age":31}])"},
      {"a,b\n\"x, \"\"y\"\"\nz\",2\n", R"([{"a":"x, \"y\"\nz","b":2}])"},
      {"a,b\r\n\"x\r\ny\",\"2\"\r\n", R"([{"a":"x\r\ny","b":2}])"},
      {"a,b\n\n1,2\n\n", R"([{"a":1,"b":2}])"},
      {"a,b\n\"\",x\n,y\n", R"([{"b":"x"},{"b":"y"}])"},
      {"a,b\nq,x\n\"\",y\n", R"([{"a":"q","b":"x"},{"a":"","b":"y"}])"},
      {"address.city,address.geo.lat,a\\.b\nX,1.5,7\n", R"([{"address":{"city":"X","geo":{"lat":1.5}},"a.b":7}])"},
      {"a\n", "[]"},
      {"a\n5", R"([{"a":5}])"},
      {"a,b\n1,", R"([{"a":1}])"},
  };
  for (const auto& test : cases)
    for (const std::size_t step : {std::size_t{1}, std::size_t{5}, std::string::npos}) {
      const auto outcome = read_all(test.text, csv(), step);
      EXPECT_EQ(outcome.error, "") << test.text;
      EXPECT_THAT(outcome.problems, IsEmpty()) << test.text;
      EXPECT_EQ(outcome.values, values(test.expected)) << test.text;
    }
}

TEST(CsvReader, GuessesAColumnByAllItsValues) {
  const auto outcome = read_all(
      "int,float,mixed,zip,bool,big,neg,plus,hex,empty,exp,word\n"
      "1,1.5,1,01234,true,9223372036854775808,-5,+5,0x10,,1e3,null\n"
      "2,2,x,12345,false,1,-0,5,1,,2E-2,true\n",
      csv());
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.values, values(R"([
    {"int":1,"float":1.5,"mixed":"1","zip":"01234","bool":true,"big":"9223372036854775808","neg":-5,"plus":"+5",
     "hex":"0x10","exp":1000.0,"word":"null"},
    {"int":2,"float":2,"mixed":"x","zip":"12345","bool":false,"big":"1","neg":0,"plus":"5","hex":"1","exp":0.02,
     "word":"true"}])"));
}

TEST(CsvReader, AValueThatDoesNotFitTheGuessIsAProblemNotAMixture) {
  std::string text = "n,zip\n";
  for (int i = 0; i < 1500; ++i) text += std::to_string(i) + "," + std::to_string(10000 + i) + "\n";
  text += "7,01234\n8,20000\n";
  const auto outcome = read_all(text, csv());
  EXPECT_EQ(outcome.values.size(), 1501U);
  EXPECT_THAT(outcome.problems,
              ElementsAre("in:1502: column \"zip\": \"01234\" is not a number, as the values before it "
                          "are; --types zip:string takes all as text"));
  EXPECT_EQ(read_all(text, csv("zip:string")).values.size(), 1502U);
}

TEST(CsvReader, AColumnWithoutValuesAtFirstIsDecidedByItsFirst) {
  std::string text = "n,late\n";
  for (int i = 0; i < 1200; ++i) text += "1,\n";
  text += "1,5\n1,x\n";
  const auto outcome = read_all(text, csv());
  EXPECT_EQ(outcome.values.back(), Json::parse(R"({"n":1,"late":5})"));
  EXPECT_EQ(outcome.problems.size(), 1U);
}

TEST(CsvReader, TypesAreTakenFromTheOptionThenFromTheHeader) {
  const auto outcome = read_all("id:int,a:string,b:json,c:bool,d,e:string?,f:int\n01,7,\"[1,{}]\",YES,5,null, 9 \n",
                                csv("d:string,f:float"));
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.values, values(R"([{"id":"01","a":"7","b":[1,{}],"c":true,"d":"5","e":null,"f":9}])"));
  EXPECT_EQ(read_all("e:string?\n\"null\"\n", csv()).values, values(R"([{"e":"null"}])"));
  const auto odd = read_all("a:b\nx\n", csv());
  EXPECT_EQ(odd.values, values(R"([{"a:b":"x"}])"));
}

TEST(CsvReader, SaysWhatIsWrongWithARow) {
  const struct {
    std::string row;
    std::string types;
    std::string problem;
  } cases[] = {
      {"1,2,3", "", "in:3: 3 cells where the header has 2"},
      {"1", "", "in:3: 1 cell where the header has 2"},
      {"1,x\"y", "", "in:3:4: a quote inside a cell"},
      {"1,\"x\"y", "", "in:3:6: after the closing quote"},
      {"1,\xFF", "", "in:3:3: not UTF-8"},
      {std::string("1,a\0b", 5), "", "in:3:4: a NUL byte"},
      {"x,1", "a:int", "in:3: column \"a\": \"x\" is not an integer"},
      {"1.5,1", "a:int", "in:3: column \"a\": \"1.5\" is not an integer"},
      {"9223372036854775808,1", "a:int", "is not an integer from"},
      {"1,1e999", "b:float", "is not a number"},
      {"1,maybe", "b:bool", "is not true or false"},
      {"1,{", "b:json", "in:3: column \"b\": not JSON: unexpected end"},
      {"1,nan", "b:float", "is not a number"},
  };
  for (const auto& test : cases)
    for (const char* end : {"\n", "\r\n"}) {
      const std::string text = std::string("a,b") + end + "1,1" + end + test.row + end + "0,0" + end;
      const auto outcome = read_all(text, csv(test.types));
      EXPECT_EQ(outcome.error, "") << test.row;
      ASSERT_EQ(outcome.problems.size(), 1U) << test.row;
      EXPECT_THAT(outcome.problems[0], HasSubstr(test.problem));
      EXPECT_EQ(outcome.values.size(), 2U) << test.row;
    }
}

TEST(CsvReader, SaysWhatIsWrongWithTheWhole) {
  const struct {
    std::string text;
    std::string types;
    std::string error;
  } cases[] = {
      {"", "", "in:1: the input is empty"},
      {"a,a\n", "", "in:1: there are two columns \"a\""},
      {"a,,b\n", "", "in:1: column 2 has no name"},
      {"a..b\n", "", "a dot in a name makes nesting"},
      {"\"a\nb\",\"a\nb\"\n", "", "there are two columns"},
      {"a,\xFF\n", "", "in:1:3: not UTF-8"},
      {"a\n", "b:int", "--types names column \"b\", which is not there; the columns are a"},
      {"a\n", "a:money", "is no type; types are string"},
      {"a\n", "a", "should be NAME:TYPE"},
      {"a\n", "a:int,a:int", "names column \"a\" twice"},
      {"\xFF\xFE"
       "a",
       "", "is UTF-16"},
  };
  for (const auto& test : cases)
    EXPECT_THAT(read_all(test.text, csv(test.types)).error, HasSubstr(test.error)) << test.text;
}

TEST(CsvReader, ColumnsThatContradictEachOtherAreAProblemOfTheRowThatHasBoth) {
  const auto outcome = read_all("a,a.b\n1,\n,2\n1,2\n", csv());
  EXPECT_EQ(outcome.values, values(R"([{"a":1},{"a":{"b":2}}])"));
  EXPECT_THAT(outcome.problems, ElementsAre(HasSubstr("in:4: column \"a.b\": another column has a value")));
}

TEST(CsvReader, AQuoteThatIsNeverClosedIsNamedWhereItBegins) {
  const auto outcome = read_all("a,b\n1,2\n3,\"x\n4,5\n6,7\n", csv());
  EXPECT_EQ(outcome.values.size(), 1U);
  EXPECT_THAT(outcome.problems, ElementsAre("in:3:3: the quoted cell that begins on line 3 is never closed"));
}

TEST(CsvReader, ARowOverTheLimitIsAProblemAndTheNextIsRead) {
  const std::string big(300'000, 'x');
  for (const std::size_t step : {std::size_t{1000}, std::string::npos}) {
    const auto outcome = read_all("a,b\n1,p\n2,\"" + big + "\n" + big + "\"\n3,q\n4," + big + "\n5,r\n",
                                  csv().max_item_bytes(2000), step);
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.values.size(), 3U);
    EXPECT_THAT(outcome.lines, ElementsAre(2, 5, 7));
    ASSERT_EQ(outcome.problems.size(), 2U);
    EXPECT_THAT(outcome.problems[0], HasSubstr("in:3: a row of 600006 bytes, more than the limit of 2000 bytes"));
    EXPECT_THAT(outcome.problems[1], HasSubstr("in:6: a row of 300003 bytes"));
    EXPECT_THAT(outcome.codes, ElementsAre(errc::too_large, errc::too_large));
  }
}

TEST(CsvReader, GoesOnFromEveryPosition) {
  const std::string text = "id,n,s\n1,1,a\n2,,\"b\nc\"\n3,3,d\n";
  const auto all = read_all(text, csv()).values;
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t taken = 0; taken <= all.size(); ++taken) {
    MemorySource source(text);
    const auto reader = make_reader(source, csv());
    Document document;
    for (std::size_t i = 0; i < taken; ++i) ASSERT_TRUE(reader->next(document));
    // As it comes back from a file.
    const Json position = Json::parse(reader->position().dump());
    const auto rest = read_all(text.substr(position["offset"].get<std::size_t>()), csv().from(position));
    EXPECT_EQ(rest.error, "");
    EXPECT_EQ(rest.values, std::vector<Json>(all.begin() + static_cast<std::ptrdiff_t>(taken), all.end()));
    if (taken == 2) {
      EXPECT_THAT(rest.lines, ElementsAre(5));
    }
  }
}

TEST(CsvReader, AnotherDelimiter) {
  EXPECT_EQ(read_all("a;b\n1,5;\"x;y\"\n", csv().delimiter(';')).values, values(R"([{"a":"1,5","b":"x;y"}])"));
}

TEST(CsvTypes, NamesAndTypesWithCommasAndColonsInThem) {
  const auto types = parse_types("a\\,b:int,c:d:string,e\\:f:json,g\\.h:bool?");
  ASSERT_EQ(types.size(), 4U);
  EXPECT_EQ(types[0].first, "a,b");
  EXPECT_EQ(types[1].first, "c:d");
  EXPECT_EQ(types[2].first, "e:f");
  EXPECT_EQ(types[3].first, "g\\.h");
  EXPECT_EQ(to_string(types[3].second), "bool?");
}

}  // namespace
}  // namespace weir::cli::test
