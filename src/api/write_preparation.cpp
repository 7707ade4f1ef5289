#include "api/write_preparation.hpp"

#include "core/uuid.hpp"
#include "core/validate.hpp"

#include <algorithm>

namespace weir::detail {

const char* operation_name(WriteKind kind) noexcept {
  switch (kind) {
    case WriteKind::create: return "create";
    case WriteKind::upsert: return "upsert";
    case WriteKind::update: return "update";
    case WriteKind::patch: return "patch";
    case WriteKind::remove: break;
  }
  return "remove";
}

const char* batch_name(WriteKind kind) noexcept {
  switch (kind) {
    case WriteKind::create: return "create_batch";
    case WriteKind::upsert: return "upsert_batch";
    case WriteKind::update: return "update_batch";
    case WriteKind::patch: return "patch_batch";
    case WriteKind::remove: break;
  }
  return "remove_batch";
}

void assign_id(Record& record) {
  if (record.id.empty()) record.id = core::new_id();
}

void prepare(WriteKind kind, const Record& record) {
  core::validate_id(record.id);
  if (kind == WriteKind::remove) return;
  if (!record.fields.is_object())
    throw Error(errc::invalid_argument, std::string(kind == WriteKind::patch ? "a merge patch is" : "fields are") +
                                            " a JSON object, not a JSON " + record.fields.type_name());
  core::validate_record(record);
}

Record id_record(std::string id) {
  Record record;
  record.id = std::move(id);
  return record;
}

std::vector<Record> id_records(std::vector<std::string> ids) {
  std::vector<Record> records;
  records.reserve(ids.size());
  for (auto& id : ids) records.push_back(id_record(std::move(id)));
  return records;
}

Record patch_record(std::string id, Json merge_patch) {
  auto record = id_record(std::move(id));
  record.fields = std::move(merge_patch);
  return record;
}

BatchPreparation::BatchPreparation(WriteKind kind, std::vector<Record> records, const BatchOptions& options)
    : records_(std::move(records)), size_(records_.size()) {
  if (options.atomic() && options.on_error() == OnError::collect)
    throw Error(errc::invalid_argument,
                "atomic and on_error=collect exclude each other: an atomic batch stores all records or none",
                ErrorContext{}.operation(batch_name(kind)));
  for (std::size_t i = 0; i < records_.size(); ++i) {
    auto& record = records_[i];
    if (kind != WriteKind::remove) assign_id(record);
    try {
      prepare(kind, record);
    } catch (const Error& error) {
      if (options.on_error() == OnError::stop)
        throw Error(error.kind(), "item " + std::to_string(i) + ": " + std::string(error.message()),
                    ErrorContext{}.operation(batch_name(kind)));
      refused_.emplace_back(i, record.id, error);
    }
  }
  if (refused_.empty()) return;
  std::vector<Record> kept;
  kept.reserve(size_ - refused_.size());
  auto next = refused_.begin();
  for (std::size_t i = 0; i < size_; ++i) {
    if (next != refused_.end() && next->index == i) {
      ++next;
      continue;
    }
    places_.push_back(i);
    kept.push_back(std::move(records_[i]));
  }
  records_ = std::move(kept);
}

BatchResult BatchPreparation::finish(BatchResult result) {
  if (refused_.empty()) {
    result.ids.resize(size_);
    return result;
  }
  BatchResult whole;
  whole.ids.resize(size_);
  for (std::size_t i = 0; i < result.ids.size(); ++i) whole.ids[places_[i]] = std::move(result.ids[i]);
  whole.errors = std::move(refused_);
  for (auto& error : result.errors) {
    error.index = places_[error.index];
    whole.errors.push_back(std::move(error));
  }
  std::sort(whole.errors.begin(), whole.errors.end(),
            [](const ItemError& a, const ItemError& b) { return a.index < b.index; });
  return whole;
}

}  // namespace weir::detail
