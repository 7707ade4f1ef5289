#include "backends/postgresql/wire/cancel_key.hpp"

#include "backends/postgresql/sql/parameter.hpp"

#include <algorithm>
#include <charconv>

namespace weir::postgres {
namespace {

constexpr std::size_t longest_line = 512;  // the one looked for is far shorter; the rest of a longer one is dropped

bool read_number(std::string_view& text, std::int32_t& number) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::optional<CancelKey> parse_key_line(std::string_view line) {
  constexpr std::string_view name = "\tBackendKeyData\t";
  if (!line.starts_with("B\t")) return std::nullopt;
  auto rest = line.substr(2);
  std::int32_t length = 0;
  if (!read_number(rest, length) || !rest.starts_with(name)) return std::nullopt;
  rest.remove_prefix(name.size());
  CancelKey key;
  if (!read_number(rest, key.process) || !read_number(rest, key.secret)) return std::nullopt;
  return key;
}

CancelKeyWatch::CancelKeyWatch(PGconn* connection) : connection_(connection) {
  cookie_io_functions_t functions{};
  functions.write = &CancelKeyWatch::on_write;
  file_ = fopencookie(this, "w", functions);
  if (file_ == nullptr) return;
  // Unbuffered: no second copy of an authentication exchange stays behind in the stream.
  std::setvbuf(file_, nullptr, _IONBF, 0);
  PQtrace(connection_, file_);
  // With times it would call localtime(), which is for programs with one thread.
  PQsetTraceFlags(connection_, PQTRACE_SUPPRESS_TIMESTAMPS);
}

CancelKeyWatch::~CancelKeyWatch() { take(); }

std::optional<CancelKey> CancelKeyWatch::take() {
  if (file_ != nullptr) {
    PQuntrace(connection_);
    std::fclose(file_);
    file_ = nullptr;
    wipe();
  }
  return key_;
}

ssize_t CancelKeyWatch::on_write(void* self, const char* bytes, std::size_t size) {
  auto& watch = *static_cast<CancelKeyWatch*>(self);
  for (const char c : std::string_view(bytes, size)) {
    if (c != '\n') {
      if (watch.line_.size() < longest_line) watch.line_ += c;
      continue;
    }
    if (!watch.key_) watch.key_ = parse_key_line(watch.line_);
    watch.wipe();
  }
  return static_cast<ssize_t>(size);
}

void CancelKeyWatch::wipe() noexcept {
  std::fill(line_.begin(), line_.end(), '\0');
  line_.clear();
}

std::string cancel_request(const CancelKey& key) {
  constexpr std::int32_t code = 80'877'102;
  std::string out;
  append_int32(out, 16);
  append_int32(out, code);
  append_int32(out, key.process);
  append_int32(out, key.secret);
  return out;
}

}  // namespace weir::postgres
