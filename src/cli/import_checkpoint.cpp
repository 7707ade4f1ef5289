#include "cli/import_checkpoint.hpp"

#include "cli/failure.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

namespace weir::cli {
namespace {

constexpr int format_version = 1;
constexpr std::uint64_t window = 4096;

// FNV-1a: enough to notice that somebody named another file; nobody is kept from forging one.
std::string digest(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return std::to_string(hash);
}

// The beginning of what was read, and of a file also what stands right before the place where reading goes on.
Json fingerprint(const Input& input, std::uint64_t offset) {
  Json print = Json::object();
  print["head"] = digest(input.head(static_cast<std::size_t>(std::min(offset, window))));
  if (input.size()) print["tail"] = digest(input.peek(offset - std::min(offset, window), std::min(offset, window)));
  return print;
}

std::uint64_t unsigned_from(const std::string& text) {
  std::uint64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) throw JsonTextError(errc::invalid_argument, 0, "no number");
  return number;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto wrote = write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

}  // namespace

void ImportCheckpoint::fail(const std::string& why, int error) const {
  throw Failure(error == 0 ? ExitCode::usage : ExitCode::incomplete,
                "checkpoint " + file_ + " " + why + (error == 0 ? "" : ": " + std::generic_category().message(error)));
}

std::optional<ImportState> ImportCheckpoint::load() {
  std::ifstream stream(file_, std::ios::binary);
  if (!stream) {
    if (errno == ENOENT) return std::nullopt;
    fail("cannot be read", errno);
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  try {
    const auto json = parse_json(text);
    if (json.at("weir_import") != format_version) fail("was written by another version of weir", 0);
    ImportState state;
    state.ids =
        RecordIds(json.at("ids").at(0).get<std::uint64_t>(), unsigned_from(json.at("ids").at(1).get<std::string>()));
    state.target = json.at("target").get<std::string>();
    state.reader = json.at("reader");
    state.position = json.at("position");
    state.offset = json.at("offset").get<std::uint64_t>();
    state.counts.written = json.at("written").get<std::uint64_t>();
    state.counts.skipped = json.at("skipped").get<std::uint64_t>();
    state.counts.rejected = json.at("rejected").get<std::uint64_t>();
    fingerprint_ = json.at("input");
    return state;
  } catch (const JsonTextError&) {
    fail("is no checkpoint of an import; remove it to begin again", 0);
  } catch (const Json::exception&) {
    fail("is no checkpoint of an import; remove it to begin again", 0);
  }
}

void ImportCheckpoint::continue_from(const ImportState& state, const ImportState& wanted, Input& input) const {
  if (state.target != wanted.target)
    fail("belongs to an import into " + state.target + ", not into " + wanted.target + "; remove it to begin again", 0);
  if (state.reader != wanted.reader)
    fail("belongs to an import that read its input another way (" + state.reader.dump() + "); remove it to begin again",
         0);
  if (input.size() && *input.size() < state.offset) fail("belongs to a longer file than " + input.name(), 0);
  input.skip(state.offset);
  if (fingerprint(input, state.offset) != fingerprint_)
    fail("belongs to another file than " + input.name() + "; remove it to begin again", 0);
}

void ImportCheckpoint::save(const ImportState& state, const Input& input) {
  Json json = Json::object();
  json["weir_import"] = format_version;
  json["ids"] =
      Json::array({state.ids.milliseconds(), std::to_string(state.ids.random())});  // JSON integers have 63 bits
  json["target"] = state.target;
  json["reader"] = state.reader;
  json["position"] = state.position;
  json["offset"] = state.offset;
  json["written"] = state.counts.written;
  json["skipped"] = state.counts.skipped;
  json["rejected"] = state.counts.rejected;
  json["input"] = fingerprint(input, state.offset);
  const auto temporary = file_ + ".new";
  constexpr mode_t ordinary = 0666;
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, ordinary);
  if (descriptor < 0) fail("cannot be written", errno);
  const bool written = write_all(descriptor, json.dump() + "\n") && fsync(descriptor) == 0;
  const int error = errno;
  if (close(descriptor) != 0) fail("cannot be written", errno);
  if (!written) fail("cannot be written", error);
  if (std::rename(temporary.c_str(), file_.c_str()) != 0) fail("cannot be written", errno);
}

void ImportCheckpoint::remove() {
  if (unlink(file_.c_str()) != 0 && errno != ENOENT) fail("cannot be removed", errno);
}

}  // namespace weir::cli
