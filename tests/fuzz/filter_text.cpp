// The text form of filters: what it takes can be written and read again, and means the same in the JSON form.

#include "fuzz/fuzz_target.hpp"

#include <weir/query.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::refuse_or([&] {
    const auto filter = Filter::parse(fuzz::text(data, size));
    const auto json = filter.to_json();
    fuzz::check(Filter::parse(filter.to_string()).to_json() == json,
                "the text that parse reads back to an equal filter");
    fuzz::check(Filter::from_json(json).to_json() == json, "the JSON form reads back to an equal filter");
  });
  return 0;
}
