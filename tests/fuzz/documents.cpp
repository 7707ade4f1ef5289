// The tool's input formats: the first byte chooses the format and the size of the pieces a pipe gives.

#include "cli/formats/document_reader.hpp"
#include "fuzz/fuzz_target.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  if (size == 0) return 0;
  const auto choice = data[0];
  const std::string bytes(fuzz::text(data + 1, size - 1));
  constexpr cli::Format formats[] = {cli::Format::jsonl, cli::Format::json, cli::Format::csv};
  const auto format = formats[choice % 3];
  const auto items = [&](std::size_t step) {
    std::string seen;
    fuzz::refuse_or([&] {
      cli::MemorySource source(bytes, step);
      auto reader = cli::make_reader(source, cli::ReaderOptions{}.format(format).max_item_bytes(4096));
      cli::Document document;
      std::uint64_t last = 0;
      while (reader->next(document)) {
        fuzz::check(document.line >= last, "items come in the order of their lines");
        fuzz::check(document.offset + document.size <= bytes.size(), "an item lies inside the input");
        last = document.line;
        seen += document.problem ? "!" : document.value.dump();
        seen += '\n';
      }
    });
    return seen;
  };
  // However a pipe cuts the bytes, the items are the same.
  fuzz::check(items(std::string::npos) == items(1 + choice / 3u), "the pieces of a pipe change nothing");
  return 0;
}
