#pragma once

#include "cli/formats/csv_reader.hpp"

#include <weir/record.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::cli {

/// The columns that hold records without loss, found by looking at all of them: memory grows with the number of
/// different paths only.
class CsvColumns {
 public:
  explicit CsvColumns(std::string id_field) : id_field_(std::move(id_field)) {}
  /// `invalid_argument` for a record that CSV cannot hold.
  void add(const Record& record);
  /// The id first, then the paths in the order in which they were seen first. A type is given (not `guessed`) where a
  /// reader that guesses would take the values for something else.
  std::vector<CsvColumn> columns() const;

 private:
  struct Seen {
    std::size_t order = 0;
    bool text = false;
    bool misleading_text = false;  // looks like a number or a boolean, or is empty
    bool number = false;
    bool boolean = false;
    bool null = false;
    bool json = false;
  };
  std::string id_field_;
  std::map<std::vector<std::string>, Seen> seen_;
};

/// What a record has at a leaf path; null when missing.
const Json* leaf_at(const Json& fields, const std::vector<std::string>& keys);
/// Whether the value gets a cell of its own rather than one for each of its members: all but objects, and of these the
/// empty ones, those with a key that cannot stand in a header, and those nested very deep.
bool is_leaf(const Json& value, std::size_t depth);

}  // namespace weir::cli
