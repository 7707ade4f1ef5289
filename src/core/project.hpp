#pragma once

// `select`: what stays of a record's fields.
//
// A selected path keeps whatever is at it, null and empty containers included. Objects on the way are kept when
// something in them is, and so are arrays, whose elements without anything selected are left out. A path that is not
// there leaves nothing behind.

#include <weir/export.hpp>
#include <weir/path.hpp>
#include <weir/record.hpp>

#include <map>
#include <string>
#include <vector>

namespace weir::core {

// The paths of a selection as a tree, so that a record is walked once.
class WEIR_API Projection {
 public:
  explicit Projection(const std::vector<Path>& paths);

  Json apply(const Json& fields) const;
  // Id, version and metadata stay.
  void apply(Record& record) const { record.fields = apply(record.fields); }

 private:
  struct Node {
    bool whole = false;
    std::map<std::string, Node, std::less<>> children;
  };
  static bool keep(const Json& value, const Node& node, Json& out, unsigned depth);

  Node root_;
};

}  // namespace weir::core
