#include "servers/server.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>

namespace weir::test {
namespace {

struct Outcome {
  int status = -1;
  std::string out;
  std::string errors;
};

std::string quoted(std::string_view word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

Outcome run(const std::string& kind, const std::vector<std::string>& words) {
  const std::string script = std::string(WEIR_SERVER_SCRIPTS) + "/" + kind + "/" + kind;
  std::string line = "WEIR_SERVERS_DIR=" + quoted(WEIR_SERVER_STATE) + " " + quoted(script);
  for (const auto& word : words) line += " " + quoted(word);
  // Messages for people follow the settings, behind a line that no setting is.
  line = "{ errors=$(" + line + " 2>&1 1>&3 3>&-); } 3>&1; status=$?; printf '%s\\n%s' '--' \"$errors\"; exit $status";
  std::FILE* const pipe = popen(("bash -c " + quoted(line)).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no shell");
  std::string all;
  std::array<char, 4096> buffer{};
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), pipe)) all.append(buffer.data(), size);
  const int status = pclose(pipe);
  Outcome outcome;
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  const auto mark = all.rfind("--\n");
  outcome.out = all.substr(0, mark);
  if (mark != std::string::npos) outcome.errors = all.substr(mark + 3);
  return outcome;
}

}  // namespace

bool Server::is_required() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

const Server& Server::start(const std::string& kind, const std::vector<std::string>& arguments) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, Server> servers;
  const std::lock_guard lock(mutex);
  std::vector<std::string> words{kind, "start"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  if (const auto known = servers.find(words); known != servers.end()) return known->second;
  Server server;
  server.kind_ = kind;
  server.name_ = "default";
  for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
    if (arguments[i] == "--name") server.name_ = arguments[i + 1];
  const auto outcome = run(kind, {words.begin() + 1, words.end()});
  if (outcome.status != 0) server.why_not_ = kind + " could not be started: " + outcome.errors;
  // NAME='value', as a shell would read it; none of the values holds a quote.
  for (std::size_t begin = 0; begin < outcome.out.size();) {
    const auto end = std::min(outcome.out.find('\n', begin), outcome.out.size());
    const auto line = outcome.out.substr(begin, end - begin);
    begin = end + 1;
    const auto equals = line.find("='");
    if (equals == std::string::npos || !line.ends_with('\'')) continue;
    server.settings_[line.substr(0, equals)] = line.substr(equals + 2, line.size() - equals - 3);
  }
  return servers.emplace(std::move(words), std::move(server)).first->second;
}

std::string Server::setting(const std::string& name) const {
  const auto found = settings_.find(name);
  return found == settings_.end() ? std::string() : found->second;
}

std::string Server::command(const std::vector<std::string>& words) const {
  auto all = words;
  all.insert(all.end(), {"--name", name_});
  const auto outcome = run(kind_, all);
  if (outcome.status != 0) throw std::runtime_error(kind_ + " " + words.front() + ": " + outcome.errors);
  return outcome.out;
}

}  // namespace weir::test
