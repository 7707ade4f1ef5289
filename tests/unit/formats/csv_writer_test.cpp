#include "cli/formats/csv_writer.hpp"

#include "unit/formats/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli::test {
namespace {

std::string write(const std::vector<Record>& records) {
  CsvColumns columns("id");
  for (const auto& record : records) columns.add(record);
  CsvWriter writer(columns.columns(), ',');
  std::string out;
  writer.begin(out);
  for (const auto& record : records) writer.write(out, record);
  writer.end(out);
  return out;
}

Record record(const char* id, const char* fields) { return Record(Json::parse(fields)).with_id(id); }

TEST(CsvWriter, PlainValuesNeedNoTypes) {
  EXPECT_EQ(
      write({record("1", R"({"name":"Ann","age":30,"ok":true})"), record("2", R"({"name":"B, \"b\"","x":{"y":1.5}})")}),
      "id,age,name,ok,x.y\n1,30,Ann,true,\n2,,\"B, \"\"b\"\"\",,1.5\n");
}

TEST(CsvWriter, TheHeaderTellsWhatWouldBeGuessedWrongly) {
  EXPECT_EQ(write({record("1", R"({"a":"12","b":null,"c":[1,"x"],"d":1,"e":"","f":null})"),
                   record("2", R"({"a":"x","b":5,"c":"y","d":true,"e":"z","f":"null"})")}),
            "id,a:string,b:number?,c:json,d:json,e:string,f:string?\n"
            "1,12,null,\"[1,\"\"x\"\"]\",1,\"\",null\n"
            "2,x,5,\"\"\"y\"\"\",true,z,\"null\"\n");
}

TEST(CsvWriter, RefusesWhatItWouldLose) {
  CsvColumns columns("id");
  EXPECT_THROW(columns.add(record("1", R"({"id":1})")), Error);
  EXPECT_THROW(columns.add(record("1", R"({"":1})")), Error);
  columns.add(record("1", R"({"a":1})"));
  CsvWriter writer(columns.columns(), ',');
  std::string out;
  EXPECT_THROW(writer.write(out, record("2", R"({"b":1})")), Error);
  EXPECT_THROW(writer.write(out, record("2", R"({"a":"text"})")), Error);
  EXPECT_NO_THROW(writer.write(out, record("2", R"({"a":2})")));
}

TEST(CsvWriter, TooManyPathsAreRefused) {
  Record wide;
  for (int i = 0; i < 10'001; ++i) wide.fields["f" + std::to_string(i)] = i;
  CsvColumns columns("id");
  EXPECT_THROW(columns.add(wide), Error);
}

}  // namespace
}  // namespace weir::cli::test
