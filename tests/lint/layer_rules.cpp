#include "lint/layer_rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace weir::lint {
namespace {

struct Include {
  std::string name;
  std::size_t line;
};

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> out;
  for (auto at = file.text.find("#include"); at != std::string::npos; at = file.text.find("#include", at + 1)) {
    if (file.code[at] != '#') continue;  // in a comment
    const auto open = file.text.find_first_of("<\"", at);
    const auto close = file.text.find_first_of(">\"\n", open + 1);
    if (open == std::string::npos || close == std::string::npos) continue;
    out.push_back({file.text.substr(open + 1, close - open - 1), file.line_of(at)});
  }
  return out;
}

// Finds a header of ours by the name in the #include.
class Tree {
 public:
  explicit Tree(const std::vector<SourceFile>& files) {
    for (const auto& file : files) by_path_.emplace(file.path, &file);
  }
  const SourceFile* find(const SourceFile& from, const std::string& name) const {
    const auto folder = from.path.substr(0, from.path.rfind('/') + 1);
    for (const auto& path : {folder + name, "src/" + name, "include/" + name})
      if (const auto it = by_path_.find(path); it != by_path_.end()) return it->second;
    return nullptr;
  }

 private:
  std::map<std::string, const SourceFile*> by_path_;
};

bool is_forbidden_in_pure(std::string_view name) {
  static constexpr std::array prefixes{"boost/asio", "boost/beast", "openssl/",   "libpq",
                                       "postgres",   "sqlite3",     "sys/socket", "unistd"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Follows the includes of `file`; `trail` says how we came here.
void follow(const Tree& tree, const SourceFile& start, std::size_t start_line, const SourceFile& file,
            const std::string& trail, std::set<std::string>& seen, std::vector<Finding>& findings) {
  for (const auto& include : includes_of(file)) {
    const auto line = &start == &file ? include.line : start_line;
    if (is_forbidden_in_pure(include.name)) {
      findings.push_back({start.path, line, "a pure file includes <" + include.name + ">", trail});
    } else if (const auto* header = tree.find(file, include.name);
               header != nullptr && seen.insert(header->path).second) {
      follow(tree, start, line, *header, trail + " -> " + header->path, seen, findings);
    }
  }
}

int layer_of(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, int>, 8> layers{
      {{"src/core/", 0},
       // Whether to repeat is decided by pure code,
       // which stores that repeat by themselves use.
       {"src/policy/retry_", 0},
       {"src/net/", 1},
       {"src/pool/", 2},
       {"src/backends/", 3},
       {"src/policy/", 4},
       {"src/api/", 5},
       {"src/cli/", 6}}};
  for (const auto& [prefix, layer] : layers)
    if (path.starts_with(prefix)) return layer;
  return -1;
}

}  // namespace

bool is_pure(const SourceFile& file) {
  // Folders, and the parts of the others that are named for what they do: how a path begins.
  static constexpr std::array pure{"src/core/",
                                   "src/pool/core/",
                                   "src/cli/formats/",
                                   "src/net/addresses",
                                   "src/net/answer_facts",
                                   "src/net/exchange",
                                   "src/net/gzip",
                                   "src/net/tokens",
                                   "src/policy/circuit_breaker",
                                   "src/policy/retry_",
                                   "src/backends/s3/answer",
                                   "src/backends/s3/crc32c",
                                   "src/backends/s3/credential_files",
                                   "src/backends/s3/endpoint",
                                   "src/backends/s3/key",
                                   "src/backends/s3/parts",
                                   "src/backends/s3/signer",
                                   "src/backends/s3/timestamp",
                                   "src/backends/s3/uri",
                                   "src/backends/s3/xml",
                                   "src/backends/elasticsearch/answers",
                                   "src/backends/elasticsearch/bulk.",
                                   "src/backends/elasticsearch/cloud_id",
                                   "src/backends/elasticsearch/error",
                                   "src/backends/elasticsearch/mapping",
                                   "src/backends/elasticsearch/node_list",
                                   "src/backends/elasticsearch/number_range",
                                   "src/backends/elasticsearch/patterns",
                                   "src/backends/elasticsearch/product",
                                   "src/backends/elasticsearch/query_dsl",
                                   "src/backends/elasticsearch/requests",
                                   "src/backends/sqlite/compiler",
                                   "src/backends/sqlite/filter_program",
                                   "src/backends/sqlite/index_condition",
                                   "src/backends/sqlite/json_",
                                   "src/backends/sqlite/table"};
  // What reaches outside: the clock and the random device for new ids (what is made of them is in uuid.cpp), and
  // OpenSSL's HMAC for the digest of secrets in a pool's identity.
  static constexpr std::array shells{"src/core/new_id.cpp", "src/core/config/keyed_digest.cpp"};
  if (!file.is_cpp() || std::ranges::find(shells, std::string_view(file.path)) != shells.end()) return false;
  return std::ranges::any_of(pure, [&](std::string_view start) { return file.path.starts_with(start); });
}

std::vector<Finding> check_pure_files(const std::vector<SourceFile>& files) {
  const Tree tree(files);
  std::vector<Finding> findings;
  for (const auto& file : files) {
    if (!is_pure(file)) continue;
    std::set<std::string> seen{file.path};
    follow(tree, file, 0, file, file.path, seen, findings);
    for (const std::string_view clock : {"clock::now", "clock_gettime", "gettimeofday", "std::time(", "random_device"})
      for (auto at = file.code.find(clock); at != std::string::npos; at = file.code.find(clock, at + 1))
        findings.push_back(
            {file.path, file.line_of(at), "a pure file reads a clock or makes its own randomness", std::string(clock)});
  }
  return findings;
}

std::vector<Finding> check_layers(const std::vector<SourceFile>& files) {
  const Tree tree(files);
  std::vector<Finding> findings;
  for (const auto& file : files) {
    const auto layer = layer_of(file.path);
    if (layer < 0 || !file.is_cpp()) continue;
    for (const auto& include : includes_of(file)) {
      const auto* header = tree.find(file, include.name);
      if (header != nullptr && layer_of(header->path) > layer)
        findings.push_back({file.path, include.line, "a lower layer includes a higher one", header->path});
    }
  }
  return findings;
}

std::vector<Finding> check_beast_stays_in_net(const std::vector<SourceFile>& files) {
  std::vector<Finding> findings;
  for (const auto& file : files) {
    if (!file.is_cpp() || !(file.is_under("src") || file.is_under("include")) || file.is_under("src/net")) continue;
    for (const auto& include : includes_of(file))
      if (include.name.starts_with("boost/beast"))
        findings.push_back({file.path, include.line, "Beast outside src/net", include.name});
  }
  return findings;
}

}  // namespace weir::lint
