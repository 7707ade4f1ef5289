// Regular expressions and like patterns on text: the first line is the pattern, the rest the text.

#include "fuzz/fuzz_target.hpp"
#include "support/reference.hpp"

#include <weir/query.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const auto input = fuzz::text(data, size);
  const auto line = input.find('\n');
  const std::string pattern(input.substr(0, line));
  const std::string text(line == std::string_view::npos ? std::string_view() : input.substr(line + 1));
  // The naive matcher is quadratic and more: short texts only.
  if (pattern.size() > 60 || text.size() > 60) return 0;
  try {
    Record record;
    record.id = "a";
    record.fields["v"] = text;
    (void)record.fields.dump();  // throws on invalid UTF-8, which no record holds
    for (const auto op : {Operator::regex, Operator::like, Operator::ilike, Operator::contains, Operator::starts_with})
      fuzz::refuse_or([&] {
        const Filter filter("v", op, pattern);
        fuzz::check(filter.compare(record) == test::satisfies(filter.to_json(), record), "two matchers, one answer");
      });
  } catch (const Json::exception&) {  // not UTF-8: such text is never stored
  }
  return 0;
}
