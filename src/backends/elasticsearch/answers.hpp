#pragma once

#include "backends/elasticsearch/bulk.hpp"
#include "backends/elasticsearch/mapping.hpp"

#include <weir/record.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What comes back, but for bulk requests. Pure. All throw Error protocol_error for what is no such answer.
namespace weir::elasticsearch {

/// A JSON object, of which numbers are exact.
Json parse_answer(std::string_view text);

/// A document of GET, _mget or a search; none: it is not there.
std::optional<Record> read_document(const Mapping& mapping, Json& document);
/// The version of such a document.
std::optional<SequenceNumber> read_sequence_number(const Json& document);

/// What a search found.
struct Hits {
  std::vector<Record> records;
  Json last_sort;      ///< of the last one; null when there is none
  std::string cursor;  ///< the PIT as it is called from now on, or the scroll
};
/// Of the answer to a search only what makes the records becomes a value. Throws Error timeout or unavailable when the
/// answer is not complete.
Hits read_hits(const Mapping& mapping, std::string_view answer);

}  // namespace weir::elasticsearch
