#include "net/gzip.hpp"

#include <weir/error.hpp>

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace weir::http {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib's way of saying "gzip, the largest window"

template <class T>
uInt as_uint(const T& span) {
  return static_cast<uInt>(std::min<std::size_t>(span.size(), std::numeric_limits<uInt>::max()));
}

// zlib does not write through this pointer, whatever its type says.
Bytef* input(const char* data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data)); }

}  // namespace

std::string gzip(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max())
    throw Error(errc::too_large, "a request body over 4 GiB is not compressed in one piece");
  z_stream stream{};
  // Level 1: for a network of a gigabit or more every higher level costs more time than it saves.
  if (deflateInit2(&stream, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = input(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int ended = deflate(&stream, Z_FINISH);
  const auto made = stream.total_out;
  deflateEnd(&stream);
  if (ended != Z_STREAM_END) throw Error(errc::server_error, "zlib did not finish");
  out.resize(made);
  return out;
}

struct Inflater::Stream {
  z_stream z{};
};

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  if (inflateInit2(&stream_->z, gzip_window) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&stream_->z); }

std::optional<Inflater::Step> Inflater::run(std::span<const char> in, std::span<char> out) {
  Step step;
  auto& z = stream_->z;
  while (step.produced < out.size()) {
    const auto left = in.subspan(step.consumed);
    if (at_end_) {
      if (left.empty()) break;
      if (inflateReset(&z) != Z_OK) return std::nullopt;  // another member, RFC 1952 §2.2
      at_end_ = false;
    }
    const auto room = out.subspan(step.produced);
    z.next_in = input(left.data());
    z.avail_in = as_uint(left);
    z.next_out = reinterpret_cast<Bytef*>(room.data());
    z.avail_out = as_uint(room);
    const auto given = z.avail_in, free = z.avail_out;
    const int done = inflate(&z, Z_NO_FLUSH);
    step.consumed += given - z.avail_in;
    step.produced += free - z.avail_out;
    if (done == Z_STREAM_END) {
      at_end_ = true;
      continue;
    }
    if (done == Z_BUF_ERROR) break;  // nothing to do with what there is
    if (done != Z_OK) return std::nullopt;
    if (z.avail_in == 0 && z.avail_out != 0) break;
  }
  return step;
}

}  // namespace weir::http
