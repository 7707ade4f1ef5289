#include "backends/s3/packing.hpp"

#include <weir/error.hpp>

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace weir::s3 {
namespace {

constexpr int gzip_window = 15 + 16;  // the largest window, in a gzip wrapper
constexpr int zstd_level = 3;
constexpr std::size_t piece = std::size_t{64} << 10;

[[noreturn]] void corrupt(const char* why) { throw Error(errc::corrupt_data, why); }

// zlib counts in unsigned.
uInt clamped(std::size_t size) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max() / 2));
}

// zlib does not write to its input, and says so only in newer versions.
Bytef* input_of(const char* text) noexcept { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

}  // namespace

Packing parse_packing(std::string_view name) {
  for (const auto packing : {Packing::none, Packing::gzip, Packing::zstd})
    if (name == to_string(packing)) return packing;
  throw Error(errc::invalid_argument, "compression of an archive: none, gzip or zstd");
}

std::string_view to_string(Packing packing) noexcept {
  if (packing == Packing::none) return "none";
  return packing == Packing::gzip ? "gzip" : "zstd";
}

std::string_view part_suffix(Packing packing) noexcept {
  if (packing == Packing::none) return ".ndjson";
  return packing == Packing::gzip ? ".ndjson.gz" : ".ndjson.zst";
}

struct Packer::State {
  explicit State(Packing how) : packing(how) {
    if (packing == Packing::gzip &&
        deflateInit2(&deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
    if (packing != Packing::zstd) return;
    zstd.reset(ZSTD_createCCtx());
    if (!zstd) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (packing == Packing::gzip) deflateEnd(&deflate);
  }

  void run_gzip(std::string_view text, std::string& out, int flush) {
    deflate.next_in = input_of(text.data());
    deflate.avail_in = clamped(text.size());
    for (;;) {
      const auto before = out.size();
      out.resize(before + piece);
      deflate.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      deflate.avail_out = static_cast<uInt>(piece);
      const int result = ::deflate(&deflate, flush);
      out.resize(before + piece - deflate.avail_out);
      if (result == Z_STREAM_END || (flush == Z_NO_FLUSH && deflate.avail_in == 0 && deflate.avail_out > 0)) return;
    }
  }

  void run_zstd(std::string_view text, std::string& out, ZSTD_EndDirective end) {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (;;) {
      const auto before = out.size();
      out.resize(before + piece);
      ZSTD_outBuffer to{out.data() + before, piece, 0};
      const auto left = ZSTD_compressStream2(zstd.get(), &to, &in, end);
      out.resize(before + to.pos);
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // nothing else can go wrong with these parameters
      if (end == ZSTD_e_end ? left == 0 : in.pos == in.size && to.pos < piece) return;
    }
  }

  const Packing packing;
  z_stream deflate{};
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> zstd;
  std::size_t held = 0;  ///< bytes that went in since something came out
};

Packer::Packer(Packing packing) : state_(std::make_unique<State>(packing)) {}
Packer::~Packer() = default;

void Packer::add(std::string_view text, std::string& out) {
  const auto before = out.size();
  if (state_->packing == Packing::none) {
    out += text;
    return;
  }
  while (!text.empty()) {
    const auto some = text.substr(0, std::size_t{1} << 20);
    text.remove_prefix(some.size());
    if (state_->packing == Packing::gzip)
      state_->run_gzip(some, out, Z_NO_FLUSH);
    else
      state_->run_zstd(some, out, ZSTD_e_continue);
    // A block comes out when another one has begun to fill, so what came out may be of before; what is held is at most
    // what went in since, and a block.
    state_->held = out.size() > before ? some.size() : state_->held + some.size();
  }
}

void Packer::finish(std::string& out) {
  if (state_->packing == Packing::gzip) state_->run_gzip({}, out, Z_FINISH);
  if (state_->packing == Packing::zstd) state_->run_zstd({}, out, ZSTD_e_end);
}

std::size_t Packer::pending(std::size_t more) const noexcept {
  if (state_->packing == Packing::none) return more;
  // Neither holds more than a block of input (128 KiB of zstd, 64 KiB of deflate's symbols, which are of up to 258
  // bytes each and then compress far); what cannot be compressed grows by a few bytes in a block.
  const auto input = state_->held + more;
  return input + input / 1024 + 256;
}

struct Unpacker::State {
  explicit State(Packing how) : packing(how) {
    if (packing == Packing::gzip && inflateInit2(&inflate, gzip_window) != Z_OK) throw std::bad_alloc();
    if (packing != Packing::zstd) return;
    zstd.reset(ZSTD_createDCtx());
    if (!zstd) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (packing == Packing::gzip) inflateEnd(&inflate);
  }

  Step run_gzip(std::span<const char> in, std::span<char> out) {
    // Members may follow one another (RFC 1952, 2.2).
    if (at_end && !in.empty() && inflateReset(&inflate) != Z_OK) corrupt("the part of an archive is no gzip");
    inflate.next_in = input_of(in.data());
    inflate.avail_in = clamped(in.size());
    inflate.next_out = reinterpret_cast<Bytef*>(out.data());
    inflate.avail_out = clamped(out.size());
    const auto had = inflate.avail_in;
    const auto room = inflate.avail_out;
    const int result = ::inflate(&inflate, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) corrupt("the part of an archive is no gzip");
    Step step;
    step.consumed = had - inflate.avail_in;
    step.produced = room - inflate.avail_out;
    if (result == Z_STREAM_END)
      at_end = true;
    else if (step.consumed > 0 || step.produced > 0)
      at_end = false;
    return step;
  }

  Step run_zstd(std::span<const char> in, std::span<char> out) {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const auto left = ZSTD_decompressStream(zstd.get(), &to, &from);
    if (ZSTD_isError(left) != 0) corrupt("the part of an archive is no Zstandard");
    if (from.pos > 0 || to.pos > 0) at_end = left == 0;
    return Step{from.pos, to.pos};
  }

  const Packing packing;
  z_stream inflate{};
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> zstd;
  bool at_end = true;
};

Unpacker::Unpacker(Packing packing) : state_(std::make_unique<State>(packing)) {}
Unpacker::~Unpacker() = default;

Unpacker::Step Unpacker::run(std::span<const char> in, std::span<char> out) {
  if (state_->packing == Packing::gzip) return state_->run_gzip(in, out);
  if (state_->packing == Packing::zstd) return state_->run_zstd(in, out);
  const auto size = std::min(in.size(), out.size());
  if (size > 0) std::memcpy(out.data(), in.data(), size);
  return Step{size, size};
}

bool Unpacker::at_end() const noexcept { return state_->packing == Packing::none || state_->at_end; }

}  // namespace weir::s3
