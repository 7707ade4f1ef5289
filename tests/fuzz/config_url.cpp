// Configuration URLs: what is taken can be written and read again; secrets are never printed.

#include "fuzz/fuzz_target.hpp"

#include <weir/config.hpp>

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::refuse_or([&] {
    const auto config = Config::from_url(fuzz::text(data, size));
    const auto url = config.to_url(WithSecrets{});
    fuzz::check(Config::from_url(url) == config, "from_url(to_url(WithSecrets)) is equal");
    fuzz::check(Config::from_json(config.to_json(WithSecrets{})) == config, "from_json(to_json(WithSecrets)) is equal");
    (void)config.to_string();
    (void)config.to_url();
  });
  return 0;
}
