#pragma once

#include <weir/backend.hpp>
#include <weir/options.hpp>
#include <weir/record.hpp>
#include <weir/results.hpp>

#include <string>
#include <vector>

namespace weir::detail {

/// "create", "patch", …
const char* operation_name(WriteKind kind) noexcept;
/// "create_batch", …
const char* batch_name(WriteKind kind) noexcept;

/// A UUIDv7 when there is no id.
void assign_id(Record& record);
/// Throws `invalid_argument` unless the store may be asked to do this.
void prepare(WriteKind kind, const Record& record);

Record id_record(std::string id);
std::vector<Record> id_records(std::vector<std::string> ids);
Record patch_record(std::string id, Json merge_patch);

/// Gives ids to a batch's records, takes out what may not be written (OnError::collect) or throws for the first of it
/// before anything is written (OnError::stop), and puts the store's answers back into the input's order.
class BatchPreparation {
 public:
  BatchPreparation(WriteKind kind, std::vector<Record> records, const BatchOptions& options);
  const std::vector<Record>& records() const { return records_; }
  std::vector<Record> take() { return std::move(records_); }
  BatchResult finish(BatchResult result);

 private:
  std::vector<Record> records_;
  std::size_t size_;
  std::vector<std::size_t> places_;  // of records_ in the input; empty = all of them
  std::vector<ItemError> refused_;
};

}  // namespace weir::detail
