#pragma once

#include <weir/config.hpp>

#include <string>
#include <vector>

namespace weir::cli {

/// The files that one command reads and writes, each under the name by which its user knows it. Two of them must not be
/// the same: what is written anew would take away what is still to be read.
class DistinctFiles {
 public:
  /// "" and "-" are no files.
  DistinctFiles& add(std::string role, const std::string& path);
  /// The file of an embedded database; others have none. Two databases may share one: they may be different tables.
  DistinctFiles& add(std::string role, const Config& database);
  /// Failure (usage) that names the two roles and the file. Before anything is opened for writing.
  void check() const;

 private:
  struct Use {
    std::string role;
    std::string path;
    bool database = false;
  };
  std::vector<Use> uses_;
};

}  // namespace weir::cli
