#include "cli/formats/buffered_input.hpp"

#include <cstring>

namespace weir::cli {
namespace {
constexpr std::size_t read_size = std::size_t{256} << 10;
}

bool BufferedInput::fill() {
  if (ended_) return false;
  if (buffer_.size() - end_ < read_size) {
    const std::size_t kept = end_ - begin_;
    if (begin_ > 0 && kept > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
    begin_ = 0;
    end_ = kept;
    // Doubling, so that a long line is moved a constant number of times.
    if (buffer_.size() - end_ < read_size) buffer_.resize(std::max(2 * kept, kept + read_size));
  }
  const std::size_t got = source_.read({buffer_.data() + end_, buffer_.size() - end_});
  end_ += got;
  ended_ = got == 0;
  return got > 0;
}

}  // namespace weir::cli
