#include "cli/formats/text_start.hpp"

#include <weir/error.hpp>

#include <array>
#include <string>

namespace weir::cli {
namespace {

using namespace std::string_view_literals;

struct Signature {
  std::string_view bytes;
  std::string_view advice;
};

constexpr std::array signatures{
    Signature{"\xFF\xFE"sv, "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8"},
    Signature{"\xFE\xFF"sv, "is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8"},
    Signature{"\x1F\x8B"sv, "is compressed by gzip; unpack it first: gzip -dc FILE | weir …"},
    Signature{"\x28\xB5\x2F\xFD"sv, "is compressed by zstd; unpack it first: zstd -dc FILE | weir …"},
    Signature{"PK\x03\x04"sv, "is a zip archive (perhaps a spreadsheet); export it as CSV first"},
    Signature{"SQLite format 3\0"sv, "is a SQLite database and no text; name it as sqlite:FILE"},
};

}  // namespace

void begin_text(BufferedInput& input, std::string_view file) {
  constexpr std::size_t longest = 16;
  while (input.view().size() < longest && input.fill()) {
  }
  for (const auto& signature : signatures)
    if (input.view().starts_with(signature.bytes))
      throw Error(errc::invalid_argument, std::string(file) + " " + std::string(signature.advice));
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (input.view().starts_with(mark)) input.consume(mark.size());
}

}  // namespace weir::cli
