#pragma once

#include "cli/formats/json_text.hpp"

#include <weir/detail/setting.hpp>
#include <weir/record.hpp>

#include <string>

namespace weir::cli {

/// How a record stands in JSON: {"id", "version", "fields", "metadata"}, or (`flat`) its fields alone with the id among
/// them.
class RecordForm {
 public:
  RecordForm() = default;
  WEIR_SETTING(RecordForm, bool, flat, false)
  WEIR_SETTING(RecordForm, std::string, id_field, "id")  ///< flat: where the id is
};

/// The record that a document stands for; its version is left out, since the store gives a new one. A flat id may be an
/// integer. Throws JsonTextError.
Record to_record(Json document, const RecordForm& form);

/// Appends the record as one line of JSON, without the line's end. Throws Error `invalid_argument` for a flat record
/// that has a field of the id's name.
void append_record(std::string& out, const Record& record, const RecordForm& form);

/// `invalid_argument` when the id's field is there already, for forms that put the id among the fields.
void check_id_field(const Record& record, const std::string& id_field);

}  // namespace weir::cli
