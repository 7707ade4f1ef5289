#pragma once

// A record as JSON: {"id": "…", "version": "…", "fields": {…}, "metadata": {…}}.

#include <weir/export.hpp>
#include <weir/record.hpp>

#include <string>

namespace weir::core {

// One line of text, without the line's end. What is empty of id, version and metadata is left out.
WEIR_API void append_record(std::string& out, const Record& record);
WEIR_API Json record_to_json(const Record& record);
// Everything but `fields` may be missing. Checks the shape only, see validate_record. @throws Error invalid_argument
WEIR_API Record record_from_json(Json json);

}  // namespace weir::core
