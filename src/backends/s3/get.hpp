#pragma once

#include "backends/s3/session.hpp"

#include <weir/s3.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace weir::s3::detail {

/// A request for an object, without a range.
Call get_call(const Session& session, std::string method, std::string key, const GetOptions& options);

/// An object that is being read.
class StreamState {
 public:
  StreamState(SessionPointer session, GetOptions options, http::ResponseStream stream, ObjectInfo info);

  const ObjectInfo& info() const noexcept { return info_; }
  awaitable<std::size_t> read_some(std::span<char> room);

 private:
  awaitable<void> reopen();
  bool all_there() const noexcept { return end_ && position_ >= *end_; }

  SessionPointer session_;
  GetOptions options_;
  http::ResponseStream stream_;
  ObjectInfo info_;
  std::string expected_;  ///< CRC-32C of the whole, "" when it is not known
  std::uint32_t checksum_ = 0;
  std::uint64_t position_;
  std::optional<std::uint64_t> end_;  ///< none: the store did not say how long the object is
  policy::Attempts attempts_;         ///< since there last were bytes
};

}  // namespace weir::s3::detail
