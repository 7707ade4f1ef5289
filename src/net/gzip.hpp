#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// gzip (RFC 1952) by zlib. Pure.
namespace weir::http {

std::string gzip(std::string_view text);

/// Decompresses piece by piece; never makes more than it is given room for.
class Inflater {
 public:
  Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  /// Takes from `in`, writes to `out`. None: that is not gzip.
  std::optional<Step> run(std::span<const char> in, std::span<char> out);
  /// A member of the file has ended and no other has begun: the input may stop here.
  bool at_end() const noexcept { return at_end_; }

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  bool at_end_ = false;
};

}  // namespace weir::http
