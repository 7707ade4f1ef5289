#pragma once

// What every fuzz target is made of. With -DWEIR_BUILD_FUZZ=ON (clang) each is a libFuzzer program; without it the same
// function is run over its corpus as a test.

#include <weir/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};  // bytes are chars
}

/// A property that does not hold ends the program, so that the fuzzer keeps the input.
inline void check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

/// Runs `parse`; an Error of an expected kind is a refusal, anything else ends the program.
template <class Parse>
void refuse_or(Parse&& parse) {
  try {
    parse();
  } catch (const Error& error) {
    check(error.kind() == errc::invalid_query || error.kind() == errc::invalid_argument ||
              error.kind() == errc::unsupported || error.kind() == errc::too_large,
          error.what());
    check(error.what()[0] != '\0', "a refusal says why");
  }
}

}  // namespace weir::fuzz
