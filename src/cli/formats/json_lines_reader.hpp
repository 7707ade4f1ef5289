#pragma once

#include "cli/formats/buffered_input.hpp"
#include "cli/formats/document_reader.hpp"

namespace weir::cli {

/// One JSON value a line. Blank lines are skipped; a carriage return before the line's end is white space anyway.
class JsonLinesReader final : public DocumentReader {
 public:
  JsonLinesReader(ByteSource& source, ReaderOptions options);
  bool next(Document& document) override;
  Json position() const override;

 private:
  bool next_line(Document& document);
  void skip_long_line(Document& document);
  void parse(std::string_view text, Document& document) const;

  ReaderOptions options_;
  BufferedInput input_;
  std::uint64_t line_;
  bool begun_;
};

}  // namespace weir::cli
