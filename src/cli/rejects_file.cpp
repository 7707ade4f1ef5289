#include "cli/rejects_file.hpp"

#include "cli/failure.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::cli {
namespace {

using Ordered = nlohmann::ordered_json;

void append(std::string& out, const Ordered& line) {
  out += line.dump(-1, ' ', false, Ordered::error_handler_t::replace);
  out += '\n';
}

}  // namespace

RejectsFile::RejectsFile(const std::string& file, bool go_on) : file_(file) {
  if (file.empty()) return;
  constexpr mode_t ordinary = 0666;
  descriptor_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (go_on ? 0 : O_TRUNC), ordinary);
  if (descriptor_ < 0)
    throw Failure(ExitCode::usage,
                  "--rejects " + file + " cannot be written: " + std::generic_category().message(errno));
}

RejectsFile::~RejectsFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void RejectsFile::add(std::string_view source, std::uint64_t line, std::string_view reason, std::string_view text) {
  if (descriptor_ < 0) return;
  Ordered entry = Ordered::object();
  entry["file"] = source;
  entry["line"] = line;
  entry["reason"] = reason;
  entry["text"] = text;
  append(buffer_, entry);
}

void RejectsFile::add(std::string_view source, const std::string& id, std::string_view reason, std::string_view text) {
  if (descriptor_ < 0) return;
  Ordered entry = Ordered::object();
  entry["database"] = source;
  entry["id"] = id;
  entry["reason"] = reason;
  entry["text"] = text;
  append(buffer_, entry);
}

void RejectsFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto wrote = write(descriptor_, left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0)
      throw Failure(ExitCode::incomplete,
                    "--rejects " + file_ + " cannot be written: " + std::generic_category().message(errno));
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  buffer_.clear();
}

}  // namespace weir::cli
