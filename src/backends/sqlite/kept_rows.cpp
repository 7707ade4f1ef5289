#include "backends/sqlite/kept_rows.hpp"

#include <weir/error.hpp>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::sqlite {
namespace {

// Lengths of id, fields and metadata, and the version.
using Head = std::array<std::uint64_t, 4>;

[[noreturn]] void fail(const char* what, int reason) {
  const auto kind = reason == ENOSPC || reason == EDQUOT || reason == EFBIG ? errc::storage_full : errc::unavailable;
  throw Error(kind, std::string("the temporary file for the rest of a stream could not be ") + what + ": " +
                        std::generic_category().message(reason));
}

}  // namespace

void KeptRows::push(const Row& row) {
  const auto size = row.id.size() + row.fields.size() + row.metadata.size() + sizeof(KeptRow);
  if (file_ == nullptr && bytes_ + size <= memory_) {
    rows_.push_back({std::string(row.id), std::string(row.fields), std::string(row.metadata), row.version});
    bytes_ += size;
    return;
  }
  if (file_ == nullptr) {
    file_.reset(std::tmpfile());  // has no name: it goes with the last descriptor, whatever becomes of the process
    if (file_ == nullptr) fail("made", errno);
  }
  write(row);
}

void KeptRows::write(const Row& row) {
  const Head head{row.id.size(), row.fields.size(), row.metadata.size(), static_cast<std::uint64_t>(row.version)};
  const auto put = [this](const void* data, std::size_t size) {
    if (size != 0 && std::fwrite(data, 1, size, file_.get()) != size) fail("written", errno);
  };
  put(head.data(), sizeof head);
  put(row.id.data(), row.id.size());
  put(row.fields.data(), row.fields.size());
  put(row.metadata.data(), row.metadata.size());
  ++in_file_;
}

std::optional<KeptRow> KeptRows::pop() {
  if (!rows_.empty()) {
    auto row = std::move(rows_.front());
    rows_.pop_front();
    return row;
  }
  if (in_file_ == 0) return std::nullopt;
  if (!reading_) {
    if (std::fflush(file_.get()) != 0) fail("written", errno);
    std::rewind(file_.get());
    reading_ = true;
  }
  auto row = read();
  if (--in_file_ == 0) clear();
  return row;
}

KeptRow KeptRows::read() {
  const auto get = [this](void* data, std::size_t size) {
    errno = 0;
    if (size != 0 && std::fread(data, 1, size, file_.get()) != size) fail("read", errno == 0 ? EIO : errno);
  };
  Head head{};
  get(head.data(), sizeof head);
  KeptRow row;
  row.id.resize(head[0]);
  row.fields.resize(head[1]);
  row.metadata.resize(head[2]);
  row.version = static_cast<std::int64_t>(head[3]);
  get(row.id.data(), row.id.size());
  get(row.fields.data(), row.fields.size());
  get(row.metadata.data(), row.metadata.size());
  return row;
}

void KeptRows::clear() noexcept {
  rows_.clear();
  bytes_ = 0;
  file_.reset();
  in_file_ = 0;
  reading_ = false;
}

}  // namespace weir::sqlite
