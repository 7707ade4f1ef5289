#pragma once

#include <weir/export.hpp>
#include <weir/query.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a query says about ids, which the store's listing knows: everything else needs the object. Pure.
namespace weir::s3 {

struct ScanPlan {
  /// The only ids that can match, sorted; none: the store has to list.
  std::optional<std::vector<std::string>> ids;
  /// With what every id that can match begins.
  std::string id_prefix;
  /// What ids must satisfy besides; the whole filter where `only_ids`.
  Filter id_filter;
  /// The filter asks for nothing but the id.
  bool only_ids = false;

  /// How the result comes: in whatever order, by id, or by what the records hold.
  enum class Sequence { any, by_id, by_fields };
  Sequence sequence = Sequence::any;
  bool descending = false;  ///< of Sequence::by_id
};

/// @param ordered the result has to be by id where the query has no order (`search`), else only where it has a page
WEIR_API ScanPlan plan_scan(const Query& query, bool ordered);
/// Whether a record of this id may match.
WEIR_API bool may_match(const ScanPlan& plan, const std::string& id);
/// Which of `count` parts an id belongs to. FNV-1a; fixed for ever, since a copy may go on with another program.
WEIR_API std::size_t part_of(std::string_view id, std::size_t count);

}  // namespace weir::s3
