#include "cli/formats/csv_writer.hpp"
#include "cli/formats/record_writer.hpp"
#include "support/sanitizers.hpp"
#include "unit/formats/reading.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

// What one writer writes, the reader of that format reads back equal, for random records of everything that makes
// trouble; and the readers survive any damage to it.

namespace weir::cli::test {
namespace {

constexpr unsigned seed = 20240611;

class Random {
 public:
  explicit Random(unsigned value) : engine_(value) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  std::string text() {
    static const std::vector<std::string> pieces{"a",   "Z",  " ",    ",",    "\"", "\n",   "\r\n", "\r", ";",
                                                 ".",   "\\", "null", "true", "12", "-1.5", "é",    "日", "😀",
                                                 "[1]", "{}", ":int", "\"\"", "\t", "'",    "0",    "%",  ":json"};
    std::string out;
    for (std::size_t n = below(4); n > 0; --n) out += pieces[below(pieces.size())];
    return out;
  }
  std::string key() {
    static const std::vector<std::string> keys{"a", "b", "c.d", "e\\f", "g:int", "h", "日", "i,j", "k\"l", "m\nn"};
    return keys[below(keys.size())];
  }
  Json number() {
    static const std::vector<Json> numbers{0,
                                           -1,
                                           5,
                                           1.5,
                                           -0.0,
                                           1e300,
                                           5e-324,
                                           0.1,
                                           std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::int64_t>::min(),
                                           9007199254740993};
    return numbers[below(numbers.size())];
  }
  Json value(int depth) {
    switch (below(depth > 0 ? 8 : 5)) {
      case 0: return nullptr;
      case 1: return one_in(2);
      case 2: return number();
      case 3:
      case 4: return text();
      case 5: {
        Json array = Json::array();
        for (std::size_t n = below(3); n > 0; --n) array.push_back(value(depth - 1));
        return array;
      }
      default: {
        Json object = Json::object();
        for (std::size_t n = below(4); n > 0; --n) object[one_in(20) ? "" : key()] = value(depth - 1);
        return object;
      }
    }
  }
  Record record(std::size_t number) {
    Record out;
    for (std::size_t n = below(5); n > 0; --n) out.fields[key()] = value(3);
    out.id = text() + "#" + std::to_string(number);
    return out;
  }

 private:
  std::mt19937 engine_;
};

std::vector<Record> records(Random& random) {
  std::vector<Record> all;
  for (std::size_t n = 1 + random.below(12); n > 0; --n) all.push_back(random.record(n));
  return all;
}

std::string written(RecordWriter& writer, const std::vector<Record>& all) {
  std::string out;
  writer.begin(out);
  for (const auto& record : all) writer.write(out, record);
  writer.end(out);
  return out;
}

void expect_back(const std::vector<Record>& all, const std::string& text, const ReaderOptions& options, bool flat,
                 std::size_t step) {
  const auto outcome = read_all(text, options, step);
  ASSERT_EQ(outcome.error, "") << text;
  ASSERT_TRUE(outcome.problems.empty()) << outcome.problems.front() << "\n" << text;
  ASSERT_EQ(outcome.values.size(), all.size()) << text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto back = to_record(outcome.values[i], RecordForm{}.flat(flat));
    ASSERT_EQ(back.id, all[i].id) << text;
    ASSERT_EQ(back.fields, all[i].fields) << text;
  }
}

TEST(RoundTrip, EveryFormatGivesBackEqualRecords) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int round = 0; round < weir::test::rounds(400); ++round) {
    const auto all = records(random);
    const std::size_t step = random.one_in(2) ? std::string::npos : 1 + random.below(40);
    for (const bool flat : {false, true}) {
      JsonLinesWriter lines(RecordForm{}.flat(flat));
      expect_back(all, written(lines, all), jsonl(), flat, step);
      JsonArrayWriter array(RecordForm{}.flat(flat));
      expect_back(all, written(array, all), json(), flat, step);
    }
    CsvColumns columns("id");
    bool nameless = false;
    for (const auto& record : all) nameless = nameless || record.fields.contains("");
    if (nameless) continue;
    for (const auto& record : all) columns.add(record);
    CsvWriter writer(columns.columns(), ',');
    expect_back(all, written(writer, all), csv(), true, step);
    if (HasFatalFailure()) return;
  }
}

TEST(RoundTrip, ResumingAnywhereGivesTheRest) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed + 1);
  for (int round = 0; round < weir::test::rounds(60); ++round) {
    const auto all = records(random);
    JsonLinesWriter lines(RecordForm{}.flat(true));
    JsonArrayWriter array(RecordForm{}.flat(true));
    CsvColumns columns("id");
    for (const auto& record : all) columns.add(record);
    CsvWriter rows(columns.columns(), ',');
    const std::pair<ReaderOptions, std::string> forms[] = {
        {jsonl(), written(lines, all)}, {json(), written(array, all)}, {csv(), written(rows, all)}};
    for (const auto& [options, text] : forms) {
      const auto whole = read_all(text, options).values;
      MemorySource source(text);
      const auto reader = make_reader(source, options);
      Document document;
      for (std::size_t taken = 0; taken <= whole.size(); ++taken) {
        auto from = options;
        from.from(Json::parse(reader->position().dump()));
        const auto rest = read_all(text.substr((*from.from())["offset"].get<std::size_t>()), from);
        ASSERT_EQ(rest.error, "") << text;
        ASSERT_EQ(rest.values, std::vector<Json>(whole.begin() + static_cast<std::ptrdiff_t>(taken), whole.end()))
            << text;
        reader->next(document);
      }
    }
  }
}

// Damage anywhere gives values, problems or an error; never a crash, an endless loop, or an answer that depends on how
// the bytes arrive.
TEST(RoundTrip, DamagedInputIsHandledTheSameInWhateverPiecesItComes) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed + 2);
  for (int round = 0; round < weir::test::rounds(1500); ++round) {
    const auto all = records(random);
    JsonLinesWriter lines(RecordForm{}.flat(random.one_in(2)));
    JsonArrayWriter array(RecordForm{}.flat(true));
    CsvColumns columns("id");
    for (const auto& record : all) columns.add(record);
    CsvWriter rows(columns.columns(), ',');
    auto options = jsonl();
    std::string text;
    switch (random.below(3)) {
      case 0: text = written(lines, all); break;
      case 1:
        text = written(array, all);
        options = json();
        break;
      default: text = written(rows, all); options = csv();
    }
    if (random.one_in(3)) options.max_item_bytes(1 + random.below(60));
    for (std::size_t n = 1 + random.below(3); n > 0 && !text.empty(); --n) {
      static const std::string bytes("\"\\,\n\r[]{}:\0\xFF\xC3 x0", 17);
      const auto at = random.below(text.size());
      switch (random.below(4)) {
        case 0: text.erase(at, 1 + random.below(5)); break;
        case 1: text.insert(at, 1, bytes[random.below(bytes.size())]); break;
        case 2: text[at] = bytes[random.below(bytes.size())]; break;
        default: text.resize(at);
      }
    }
    const auto whole = read_all(text, options);
    const auto pieces = read_all(text, options, 1 + random.below(7));
    ASSERT_EQ(whole.values, pieces.values) << text;
    ASSERT_EQ(whole.problems, pieces.problems) << text;
    ASSERT_EQ(whole.error, pieces.error) << text;
  }
}

}  // namespace
}  // namespace weir::cli::test
