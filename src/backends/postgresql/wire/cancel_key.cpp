#include "backends/postgresql/wire/cancel_key.hpp"

#include "backends/postgresql/sql/parameter.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::postgres {
namespace {

constexpr std::size_t longest_line = 4096;  // the one looked for is shorter; the rest of a longer one is dropped
constexpr std::size_t longest_secret = 256;

bool read_number(std::string_view& text, std::int32_t& number) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// The byte that "\xHH" at the beginning stands for; versions of libpq write one above 127 as "\xffffffHH".
bool read_escaped(std::string_view& text, char& byte) {
  for (const std::string_view mark : {"\\xffffff", "\\x"}) {
    if (!text.starts_with(mark) || text.size() < mark.size() + 2) continue;
    unsigned value = 0;
    const char* const begin = text.data() + mark.size();
    const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
    if (error != std::errc{} || end != begin + 2) continue;
    byte = static_cast<char>(value);
    text.remove_prefix(mark.size() + 2);
    return true;
  }
  return false;
}

// Printable bytes stand for themselves, a backslash too: how many bytes there are decides where it is in doubt.
std::optional<std::string> unescaped(std::string_view text, std::size_t size) {
  if (text.size() == size) return std::string(text);
  std::string out;
  while (!text.empty()) {
    char byte = text.front();
    if (!read_escaped(text, byte)) text.remove_prefix(1);
    out += byte;
  }
  if (out.size() != size) return std::nullopt;
  return out;
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
  if (!read_number(rest, key.process)) return std::nullopt;
  if (rest.starts_with(" '") && rest.size() > 3 && rest.ends_with('\'')) {
    const auto size = static_cast<std::int64_t>(length) - 8;  // behind its own and the process's bytes
    if (size < 1 || size > static_cast<std::int64_t>(longest_secret)) return std::nullopt;
    auto secret = unescaped(rest.substr(2, rest.size() - 3), static_cast<std::size_t>(size));
    if (!secret) return std::nullopt;
    key.secret = std::move(*secret);
    return key;
  }
  std::int32_t secret = 0;
  if (!read_number(rest, secret)) return std::nullopt;
  append_int32(key.secret, secret);
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
  append_int32(out, static_cast<std::int32_t>(12 + key.secret.size()));
  append_int32(out, code);
  append_int32(out, key.process);
  out += key.secret;
  return out;
}

}  // namespace weir::postgres
