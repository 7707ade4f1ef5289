#pragma once

#include "cli/formats/buffered_input.hpp"
#include "cli/formats/document_reader.hpp"
#include "cli/formats/json_scanner.hpp"

#include <string>
#include <vector>

namespace weir::cli {

/// The elements of one array in a JSON document of any size: of the document itself, or of one inside it
/// (ReaderOptions::at). What stands around the array is read over; that its brackets match and nothing follows it is
/// checked, so that a truncated document is noticed.
class JsonArrayReader final : public DocumentReader {
 public:
  JsonArrayReader(ByteSource& source, ReaderOptions options);
  bool next(Document& document) override;
  Json position() const override;

 private:
  void enter_array();
  void enter_member(const std::string& key);
  void enter_element(const std::string& index);
  void leave_document();
  void read_element(Document& document);
  [[noreturn]] void not_there(const std::string& why) const;

  ReaderOptions options_;
  BufferedInput input_;
  JsonScanner scanner_;
  std::vector<std::string> pointer_;  ///< reference tokens
  std::string around_;                ///< the containers around the array: '{' and '['
  bool entered_ = false;
  bool first_ = true;
  bool ended_ = false;
};

/// The reference tokens of a JSON pointer (RFC 6901). `invalid_argument` when it is none.
std::vector<std::string> parse_pointer(std::string_view pointer);

}  // namespace weir::cli
