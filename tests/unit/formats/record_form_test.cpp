#include "cli/formats/record_form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using testing::HasSubstr;

std::string why_not(const char* text, const RecordForm& form) {
  try {
    to_record(Json::parse(text), form);
    return "taken";
  } catch (const JsonTextError& error) {
    return error.reason();
  }
}

TEST(RecordForm, Envelope) {
  const auto record =
      to_record(Json::parse(R"({"id":"k","version":"7","fields":{"id":"own","a":1},"metadata":{"m":2}})"), {});
  EXPECT_EQ(record.id, "k");
  EXPECT_EQ(record.version, "");
  EXPECT_EQ(record.fields, Json::parse(R"({"id":"own","a":1})"));
  EXPECT_EQ(record.metadata, Json::parse(R"({"m":2})"));
  EXPECT_EQ(to_record(Json::parse(R"({"fields":{}})"), {}).id, "");
}

TEST(RecordForm, Flat) {
  const auto form = RecordForm{}.flat(true).id_field("key");
  const auto record = to_record(Json::parse(R"({"key":17,"id":1,"fields":{}})"), form);
  EXPECT_EQ(record.id, "17");
  EXPECT_EQ(record.fields, Json::parse(R"({"id":1,"fields":{}})"));
}

TEST(RecordForm, Refusals) {
  const RecordForm flat = RecordForm{}.flat(true);
  EXPECT_THAT(why_not("[1]", {}), HasSubstr("a record is a JSON object, not array"));
  EXPECT_THAT(why_not(R"({"name":"x"})", {}), HasSubstr("unknown key \"name\""));
  EXPECT_THAT(why_not(R"({"id":"x"})", {}), HasSubstr("--flat reads bare objects"));
  EXPECT_THAT(why_not(R"({"fields":[]})", {}), HasSubstr("\"fields\" should be an object and is array"));
  EXPECT_THAT(why_not(R"({"id":"","fields":{}})", {}), HasSubstr("the id is empty"));
  EXPECT_THAT(why_not(R"({"id":1.5})", flat), HasSubstr("should be the id"));
  EXPECT_THAT(why_not(R"({"id":[]})", flat), HasSubstr("should be the id"));
  const std::string fits = R"({"id":")" + std::string(512, 'x') + R"("})";
  const std::string too_long = R"({"id":")" + std::string(513, 'x') + R"("})";
  EXPECT_EQ(why_not(fits.c_str(), flat), "taken");
  EXPECT_THAT(why_not(too_long.c_str(), flat), HasSubstr("513 bytes, more than the limit of 512"));
}

TEST(RecordForm, WritesWhatItReads) {
  for (const bool flat : {false, true}) {
    const auto form = RecordForm{}.flat(flat).id_field("key");
    for (const char* fields : {"{}", R"({"a":{"b":[1,"é"]},"z":null})"}) {
      Record record(Json::parse(fields));
      record.id = "k\"1";
      std::string text;
      append_record(text, record, form);
      const auto back = to_record(Json::parse(text), form);
      EXPECT_EQ(back.id, record.id);
      EXPECT_EQ(back.fields, record.fields) << text;
    }
  }
}

TEST(RecordForm, AFieldOfTheIdsNameIsNotOverwrittenInSilence) {
  Record record;
  record.set("id", 5);
  std::string text;
  EXPECT_THROW(append_record(text, record, RecordForm{}.flat(true)), Error);
}

}  // namespace
}  // namespace weir::cli
