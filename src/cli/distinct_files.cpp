#include "cli/distinct_files.hpp"

#include "cli/failure.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

namespace weir::cli {
namespace {

// By device and inode where both exist (links), else by name.
bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code failed;
  if (std::filesystem::equivalent(a, b, failed)) {
    const auto type = std::filesystem::status(a, failed).type();
    return type == std::filesystem::file_type::regular;  // /dev/null may stand in for any number of files
  }
  if (std::filesystem::exists(a, failed) || std::filesystem::exists(b, failed)) return false;
  return std::filesystem::weakly_canonical(a, failed) == std::filesystem::weakly_canonical(b, failed);
}

}  // namespace

DistinctFiles& DistinctFiles::add(std::string role, const std::string& path) {
  if (!path.empty() && path != "-") uses_.push_back({std::move(role), path, false});
  return *this;
}

DistinctFiles& DistinctFiles::add(std::string role, const Config& database) {
  if (database.backend() != "sqlite") return *this;
  const auto path = database.get<std::string>("path");
  if (path != ":memory:") uses_.push_back({std::move(role), path, true});
  return *this;
}

void DistinctFiles::check() const {
  for (std::size_t i = 0; i < uses_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!(uses_[i].database && uses_[j].database) && same_file(uses_[j].path, uses_[i].path))
        throw Failure(ExitCode::usage,
                      uses_[j].role + " and " + uses_[i].role + " are the same file, " + uses_[i].path);
}

}  // namespace weir::cli
