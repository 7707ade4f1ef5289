// Queries as JSON, and what they say about a few records: the library's evaluator against the naive one.

#include "fuzz/fuzz_target.hpp"
#include "support/reference.hpp"

#include <weir/query.hpp>

namespace {

const std::vector<weir::Record>& records() {
  static const std::vector<weir::Record> all = [] {
    std::vector<weir::Record> out;
    for (const auto* text : {R"({"a": 1, "b": "x"})", R"({"a": [1.5, "A", null, [true]], "d": {"e": "%_\\"}})",
                             R"({"a": {"b": [{"c": -0.0}]}})", R"({"a": 9223372036854775807, "b": ""})", R"({})",
                             R"({"a": null, "d": {"e": "a\nb"}, "0": "é😀"})"}) {
      weir::Record one(weir::Json::parse(text));
      one.id = "r" + std::to_string(out.size());
      out.push_back(std::move(one));
    }
    return out;
  }();
  return all;
}

bool full_text(const weir::FilterNode& node) { return node.full_text; }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const auto json = Json::parse(fuzz::text(data, size), nullptr, false);
  if (json.is_discarded()) return 0;
  fuzz::refuse_or([&] {
    const auto query = Query::from_json(json);
    const auto written = query.to_json();
    fuzz::check(Query::from_json(written).to_json() == written, "the JSON form reads back to an equal query");
    if (full_text(query.filter().node())) return;
    const auto filter = query.filter().to_json();
    for (const auto& record : records())
      fuzz::check(query.compare(record) == test::satisfies(filter, record), "two evaluators, one answer");
  });
  return 0;
}
