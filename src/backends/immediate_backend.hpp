#pragma once

#include <weir/backend.hpp>

#include <optional>
#include <string>

namespace weir::detail {

/// A backend whose operations touch only memory offers those on one record without a coroutine, so that an awaited read
/// costs one frame.
class ImmediateBackend {
 public:
  virtual std::optional<Record> read_now(const std::string& id) = 0;
  virtual bool exists_now(const std::string& id) = 0;
  virtual bool write_now(WriteKind kind, Record&& record, const WriteOptions& options) = 0;

 protected:
  ~ImmediateBackend() = default;
};

}  // namespace weir::detail
