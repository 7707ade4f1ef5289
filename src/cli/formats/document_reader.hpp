#pragma once

#include "cli/formats/byte_source.hpp"
#include "cli/formats/json_text.hpp"
#include "cli/formats/problem.hpp"

#include <weir/detail/setting.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weir::cli {

enum class Format { jsonl, json, csv, table };

/// How an input is read.
class ReaderOptions {
 public:
  ReaderOptions() = default;
  WEIR_SETTING(ReaderOptions, std::string, file, "-")  ///< for messages
  WEIR_SETTING(ReaderOptions, Format, format, Format::jsonl)
  /// A longer line, row or array element is a problem of its own, and is not held in memory.
  WEIR_SETTING(ReaderOptions, std::size_t, max_item_bytes, std::size_t{16} << 20)
  WEIR_SETTING(ReaderOptions, std::string, at, {})            ///< json: pointer (RFC 6901) to the array
  WEIR_SETTING(ReaderOptions, std::string, types, {})         ///< csv: "name:string,age:int"
  WEIR_SETTING(ReaderOptions, std::string, id_field, "id")    ///< csv: the column that is always text
  WEIR_SETTING(ReaderOptions, char, delimiter, ',')           ///< csv
  WEIR_SETTING(ReaderOptions, bool, keep_text, false)         ///< give Document::text
  WEIR_SETTING(ReaderOptions, std::optional<Json>, from, {})  ///< a position() to go on from; the source begins there
};

/// One item of an input: a line, an element, a row; or what is wrong with it.
struct Document {
  Json value;
  std::uint64_t line = 0;    ///< where it begins, from 1
  std::uint64_t offset = 0;  ///< the same in bytes, from 0
  std::uint64_t size = 0;    ///< bytes
  std::string text;          ///< as it stands in the input, with ReaderOptions::keep_text
  std::optional<Problem> problem;
};

/// Gives the items of an input one after another; memory is bounded by one item. Throws Error, with file and line in
/// its text, when nothing after that point can be read.
class DocumentReader {
 public:
  /// False at the end.
  virtual bool next(Document& document) = 0;
  /// Where the next call goes on, for ReaderOptions::from. Has at least "offset" (bytes) and "line".
  virtual Json position() const = 0;
  virtual ~DocumentReader() = default;

 protected:
  DocumentReader() = default;
  DocumentReader(const DocumentReader&) = default;
  DocumentReader& operator=(const DocumentReader&) = default;
};

/// `invalid_argument` for options that do not fit together.
std::unique_ptr<DocumentReader> make_reader(ByteSource& source, ReaderOptions options);

/// The number at `key` of a position, or the other when there is none.
std::uint64_t position_number(const ReaderOptions& options, const char* key, std::uint64_t otherwise);

}  // namespace weir::cli
