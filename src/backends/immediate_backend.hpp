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

/// A backend that can answer point reads on the caller's thread; the same for those.
class InlineReads {
 public:
  /// Whether it does so, for good.
  virtual bool reads_inline() const = 0;
  /// Whether it was answered; otherwise `found` is as before, and the read has to be made in the usual way.
  virtual bool try_read_now(const std::string& id, std::optional<Record>& found) = 0;

 protected:
  ~InlineReads() = default;
};

/// Null when it does not.
inline InlineReads* inline_reads_of(Backend& backend) {
  auto* const reads = dynamic_cast<InlineReads*>(&backend);
  return reads != nullptr && reads->reads_inline() ? reads : nullptr;
}

}  // namespace weir::detail
